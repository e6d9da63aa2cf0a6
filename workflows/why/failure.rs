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

/// How an error begins that says that no connection came about, before it is known why.
const NO_CONNECTION: &str = "no connection: ";
/// The same of one that broke.
const BROKE: &str = "the connection broke: ";

/// The HTTP client's own words, and what they mean: its errors tell it in no other way.
const BY_CLIENT: [(&[&str], &str); 4] = [
    (&["dns error"], NAME_UNKNOWN),
    (&["certificate", "corrupt message", "TLS", "tls ", ALERT], TLS_FAILED),
    (&["Connection refused (os error"], REFUSED),
    (
        &[
            "invalid HTTP",
            "invalid content-length",
            "message head is too large",
            "unexpected message from connection",
        ],
        NOT_HTTP,
    ),
];

/// How the end of a connection by TLS is told.
const ALERT: &str = "received fatal alert";

/// What is written down of an attempt that had no answer: what the client's error and its causes mean, then they
/// themselves.
pub fn unanswered(is_connect: bool, chain: &str) -> String {
    let plain = format!("{}{chain}", if is_connect { NO_CONNECTION } else { BROKE });
    opening(&plain).map_or(plain, |opening| format!("{opening}: {chain}"))
}

/// The code of an attempt that failed, or what stands for it where it has none: by its error, and by whether it is
/// known that nothing was sent.
pub fn failure(code: i32, error: &str, is_unsent: bool) -> i32 {
    if error.starts_with(TOKEN_ENDPOINT) {
        return NOT_SENT;
    }
    if code > 0 {
        return code;
    }
    let known = [(NAME_UNKNOWN, NO_NAME), (TLS_FAILED, NO_TLS), (NOT_HTTP, NO_HTTP)];
    let said = opening(error);
    match known.into_iter().find(|(opening, _)| said == Some(*opening)) {
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
    known.or_else(|| {
        let (said, is_connect) = match error.strip_prefix(NO_CONNECTION) {
            Some(said) => (said, true),
            None => (error.strip_prefix(BROKE)?, false),
        };
        let means = |words: &[&str]| words.iter().any(|word| said.contains(word));
        let (_, opening) = BY_CLIENT.into_iter().find(|(words, _)| means(words))?;
        // Under TLS 1.3 the receiver judges our certificate after the connection has come about.
        (is_connect || opening == NOT_HTTP || said.contains(ALERT)).then_some(opening)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn b14_what_the_client_says_means_the_same_whenever_it_was_written_down() {
        let kept = "client error (Connect): ";
        for (is_connect, chain, wanted, code) in [
            (true, "dns error: failed to lookup address information", Some(NAME_UNKNOWN), NO_NAME),
            (true, "invalid peer certificate: UnknownIssuer", Some(TLS_FAILED), NO_TLS),
            (true, "received corrupt message of type InvalidContentType", Some(TLS_FAILED), NO_TLS),
            (true, "received fatal alert: HandshakeFailure", Some(TLS_FAILED), NO_TLS),
            (true, "received fatal alert: ProtocolVersion", Some(TLS_FAILED), NO_TLS),
            (false, "received fatal alert: CertificateRequired", Some(TLS_FAILED), NO_TLS),
            (false, "invalid content-length parsed", Some(NOT_HTTP), NO_HTTP),
            (true, "peer is incompatible: no TLS 1.2", Some(TLS_FAILED), NO_TLS),
            (true, "tls handshake eof", Some(TLS_FAILED), NO_TLS),
            (
                true,
                "tcp connect error: Connection refused (os error 111)",
                Some(REFUSED),
                UNANSWERED,
            ),
            (false, "invalid HTTP version parsed", Some(NOT_HTTP), NO_HTTP),
            (false, "message head is too large", Some(NOT_HTTP), NO_HTTP),
            (false, "received unexpected message from connection", Some(NOT_HTTP), NO_HTTP),
            (true, "tcp connect error: Network is unreachable", None, UNANSWERED),
            (false, "peer closed connection without sending TLS close_notify", None, UNANSWERED),
            (false, "Connection refused (os error 111)", None, UNANSWERED),
        ] {
            let chain = format!("{kept}{chain}");
            let before = format!("{}{chain}", if is_connect { NO_CONNECTION } else { BROKE });
            let now = unanswered(is_connect, &chain);
            assert!(now.ends_with(&chain) && now.starts_with(wanted.unwrap_or(&before)), "{now}");
            for error in [before, now] {
                assert_eq!(opening(&error), wanted, "{error}");
                assert_eq!(failure(-1, &error, false), code, "{error}");
            }
        }
    }
}
