//! Why a command did not do what it was asked: in one sentence, with what to do about it.

use std::io;
use std::process::ExitCode;

use serde_json::Value;

use super::output;

/// Why a command ended early.
#[derive(Debug)]
pub(super) enum Failure {
    /// The server refused.
    Refused {
        /// Its status.
        status: u16,
        /// Its answer.
        problem: Value,
        /// The command that lists what there is.
        list: &'static str,
        /// Whether the answer itself is wanted.
        json: bool,
    },
    /// A job did not come to a good end; it was said how.
    Unfinished,
    /// The server could not be asked, or not so.
    CouldNot(anyhow::Error),
    /// Whoever read the output has gone, as `head` does: there is nobody to tell.
    Closed,
}

impl Failure {
    /// It could not be asked so, for this reason.
    pub(super) fn usage(reason: impl Into<String>) -> Self {
        Self::CouldNot(anyhow::Error::msg(reason.into()))
    }
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Self::CouldNot(error)
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Self::Closed,
            _ => Self::CouldNot(error.into()),
        }
    }
}

/// Says what went wrong, if anything did; 0, 1 where the server refused, 2 where it could not be asked.
#[expect(clippy::print_stderr, reason = "a command's failure goes to standard error")]
fn told(failure: &Failure) -> ExitCode {
    match failure {
        Failure::Closed => return ExitCode::SUCCESS,
        Failure::Unfinished => {}
        Failure::CouldNot(error) => {
            eprintln!("sereno: {error:#}");
            return ExitCode::from(2);
        }
        Failure::Refused { problem, json: true, .. } => {
            // The reader may have gone, which changes nothing.
            output::json(problem).ok();
        }
        Failure::Refused { status, problem, list, json: false } => {
            eprintln!("sereno: {}", sentence(*status, problem, list));
        }
    }
    ExitCode::from(1)
}

/// What a command came to, as its exit code.
pub fn exit(Ended(ended): Ended) -> ExitCode {
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => told(&failure),
    }
}

/// How a command ended.
pub struct Ended(Result<(), Failure>);

impl From<Result<(), Failure>> for Ended {
    fn from(ended: Result<(), Failure>) -> Self {
        Self(ended)
    }
}

/// The server's reason, and what to do where it does not say so itself.
fn sentence(status: u16, problem: &Value, list: &str) -> String {
    let detail = problem.get("detail").and_then(Value::as_str).unwrap_or("it gave no reason");
    let advice = match status {
        401 => "give another with --key, or --data-dir of a server on this machine",
        403 if detail.contains("admin token") => {
            "give it with --key or SERENO_ADMIN_TOKEN; it stands in DATA/credentials"
        }
        403 => "leave --tenant out, or give the admin token",
        404 => {
            return format!("{detail} ({status}); see what there is with: {list}");
        }
        429 | 503 => "try again in a moment",
        500..=599 => "the server's log says why",
        _ => return format!("{detail} ({status})"),
    };
    format!("{detail} ({status}); {advice}")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_refusal_is_a_sentence_that_says_what_to_do() {
        let list = "sereno endpoints list";
        for (status, detail, wanted) in [
            (404, "no such endpoint", "no such endpoint (404); see what there is with: sereno"),
            (401, "this key is not known", "give another with --key"),
            (403, "this needs the admin token", "SERENO_ADMIN_TOKEN"),
            (422, "target: is missing", "target: is missing (422)"),
            (503, "busy", "try again"),
        ] {
            let said = sentence(status, &json!({"detail": detail}), list);
            assert!(said.contains(wanted), "{said}");
        }
        assert!(sentence(500, &Value::Null, list).contains("log"));
    }

    #[test]
    fn a_closed_pipe_is_no_failure() {
        let closed = io::Error::from(io::ErrorKind::BrokenPipe);
        assert!(matches!(Failure::from(closed), Failure::Closed));
    }
}
