//! How much a thread gives way to others where all want the processor.

use std::cell::Cell;
use std::thread;

thread_local! {
    static GIVES_WAY: Cell<bool> = const { Cell::new(false) };
}

/// Has this thread give way to those that do not, by so much on the scale of nice(1). Where the system
/// refuses, it goes on as it was.
pub fn give_way(nice: i32) {
    GIVES_WAY.set(true);
    let this = rustix::thread::gettid();
    if let Err(error) = rustix::process::setpriority_process(Some(this), nice) {
        tracing::debug!(%error, "this thread keeps its priority");
    }
}

/// On a thread that gives way, lets those go first that wait for the processor; elsewhere it does nothing.
///
/// To be nice is not enough: a kernel that does not preempt leaves a thread alone until the next tick of its clock,
/// up to 10 ms, whoever waits. What works in the background for longer than a moment calls this in between.
pub fn let_others_go_first() {
    if GIVES_WAY.get() {
        thread::yield_now();
    }
}
