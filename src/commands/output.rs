//! What a command prints: whole lines, and no panic when nobody reads them any more.

use std::io::{self, Write as _};

use serde_json::Value;

/// Prints text as it is.
pub(super) fn text(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}

/// Prints bytes as they are.
pub(super) fn bytes(bytes: &[u8]) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(bytes)?;
    out.flush()
}

/// Prints a line.
pub(super) fn line(line: &str) -> io::Result<()> {
    text(&format!("{line}\n"))
}

/// Prints an answer on a line of its own.
pub(super) fn json(answer: &Value) -> io::Result<()> {
    line(&answer.to_string())
}

/// Says something beside the output.
pub(super) fn aside(words: &str) {
    // Nobody may be there to read it, which is no reason to stop.
    writeln!(io::stderr().lock(), "{words}").ok();
}
