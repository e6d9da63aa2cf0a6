//! Why an attempt had no answer, as far as what was written down of it says.

/// Its name was found nowhere; how an error begins that says so.
pub const NAME_UNKNOWN: &str = "no connection: the name is not found";
/// No safe connection came about; how an error begins that says so.
pub const TLS_FAILED: &str = "no connection: TLS failed";
/// Nobody listens where it was to go; how an error begins that says so.
pub const REFUSED: &str = "no connection: refused";
/// What came back was no HTTP; how an error begins that says so.
pub const NOT_HTTP: &str = "the connection broke: the answer is not HTTP";
/// No token was given out for it; how an error begins that says so.
pub const TOKEN_ENDPOINT: &str = "the token endpoint";

/// What stands for the code of an attempt that was not answered.
pub(super) const UNANSWERED: i32 = -1;
/// Of one that was not sent.
pub(super) const NOT_SENT: i32 = -2;
/// Of one whose receiver's name is not found.
pub(super) const NO_NAME: i32 = -3;
/// Of one without a safe connection.
pub(super) const NO_TLS: i32 = -4;
/// Of one that was answered, but not in HTTP.
pub(super) const NO_HTTP: i32 = -5;

/// The code of an attempt that failed, or what stands for it where it has none: by its error, and by whether it is
/// known that nothing was sent.
pub fn failure(code: i32, error: &str, is_unsent: bool) -> i32 {
    if error.starts_with(TOKEN_ENDPOINT) {
        return NOT_SENT;
    }
    if code > 0 {
        return code;
    }
    let said = [(NAME_UNKNOWN, NO_NAME), (TLS_FAILED, NO_TLS), (NOT_HTTP, NO_HTTP)];
    match said.into_iter().find(|(begins, _)| error.starts_with(begins)) {
        _ if is_unsent => NOT_SENT,
        Some((_, failure)) => failure,
        None => UNANSWERED,
    }
}

/// Which of the opening words an error has by which causes are told apart; `None` where it has others. Those that
/// were written down before these words were have the client's own.
pub(crate) fn opening(error: &str) -> Option<&'static str> {
    let begins = |opening: &&str| error.starts_with(opening);
    let known = [NAME_UNKNOWN, TLS_FAILED, REFUSED, NOT_HTTP].into_iter().find(begins);
    let by_client = [("dns error", NAME_UNKNOWN), ("Connection refused (os error", REFUSED)];
    known.or_else(|| {
        let said = error.strip_prefix("no connection: ")?;
        by_client.into_iter().find(|(words, _)| said.contains(words)).map(|(_, opening)| opening)
    })
}
