//! How far a bench is: one line that is written over on a terminal, plain lines now and then elsewhere.

use std::io::{IsTerminal as _, Write as _};
use std::time::{Duration, Instant};

/// How often the line is written over.
const FRESH: Duration = Duration::from_millis(100);
/// How often there is a new line where lines stay.
const PLAIN: Duration = Duration::from_secs(5);

/// The progress of one bench, on standard error.
pub(crate) struct Progress {
    terminal: bool,
    told: Option<Instant>,
    open: bool,
}

impl Progress {
    pub(crate) fn new() -> Self {
        Self { terminal: std::io::stderr().is_terminal(), told: None, open: false }
    }

    /// Says something that stays.
    pub(crate) fn say(&mut self, words: &str) {
        self.clear();
        write(&format!("{words}\n"));
    }

    /// Says how far it is, if it did not say so just now.
    pub(crate) fn at(&mut self, words: impl FnOnce() -> String) {
        let pause = if self.terminal { FRESH } else { PLAIN };
        if self.told.is_some_and(|told| told.elapsed() < pause) {
            return;
        }
        self.told = Some(Instant::now());
        if self.terminal {
            write(&format!("\r\x1b[2K  {}", words()));
            self.open = true;
        } else {
            write(&format!("  {}\n", words()));
        }
    }

    /// Takes the line away that was written over.
    pub(crate) fn clear(&mut self) {
        self.told = None;
        if std::mem::take(&mut self.open) {
            write("\r\x1b[2K");
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.clear();
    }
}

/// Nobody may be there to read it, which is no reason to stop.
fn write(text: &str) {
    let mut out = std::io::stderr().lock();
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).ok();
}
