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
