//! How much a thread gives way to others where all want the processor.

/// Has this thread give way to those that do not, by so much on the scale of nice(1). Where the system
/// refuses, it goes on as it was.
pub fn give_way(nice: i32) {
    let this = rustix::thread::gettid();
    if let Err(error) = rustix::process::setpriority_process(Some(this), nice) {
        tracing::debug!(%error, "this thread keeps its priority");
    }
}
