//! The end of the process, where going on would be worse: in words, and with a code that says why.

/// `EX_IOERR` of sysexits.h: what is on disk is not known.
pub(crate) const DISK: i32 = 74;
/// `EX_SOFTWARE`: a part died that everything needs and that could not be brought back.
pub(crate) const PART_LOST: i32 = 70;

/// Ends the process with a message on standard error.
#[expect(clippy::print_stderr, reason = "the log may be filtered, and these are the last words")]
pub(crate) fn end(code: i32, words: &str) -> ! {
    eprintln!("sereno: {words}");
    std::process::exit(code)
}

/// Ends the process if the thread that has it panics: without that thread the server would take events and never answer, so
/// it is better started again.
pub(crate) struct EndOnPanic(
    /// What is lost with it.
    pub(crate) &'static str,
);

impl Drop for EndOnPanic {
    fn drop(&mut self) {
        if std::thread::panicking() {
            end(PART_LOST, &format!("{} panicked; start again", self.0));
        }
    }
}
