//! What a mail server's refusal means (RFC 5321, section 4.2; enhanced codes of RFC 3463).

use lettre::transport::smtp;
use sereno_workflows::retry::Outcome;
use sereno_workflows::time::Span;

use crate::channel::reply::snippet;
use crate::limits::{ACCOUNT_PAUSE_MINUTES, GREYLIST_PAUSE_MINUTES};

/// Where in its conversation a mail was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// At the sender: the account's, not this mail's.
    Sender,
    /// At the recipient.
    Recipient,
    /// Before its content.
    Data,
    /// After its last line.
    End,
}

/// A mailbox that is not there: unknown (5.1.1), without a route (5.1.6), a null MX (5.1.10), disabled
/// (5.2.1).
const NOBODY: [&str; 4] = ["5.1.1", "5.1.6", "5.1.10", "5.2.1"];

/// A full mailbox, which its owner may empty.
const FULL: &str = "5.2.2";

/// A refusal before the mail was named is about us or the server, never about this mail: it may go
/// later, but where the server is firm (a wrong password, no TLS) only once someone has acted.
pub(super) fn of_us(error: &smtp::Error) -> Outcome {
    let firm = error.is_permanent() || error.is_client() || error.is_tls();
    let code = code(error).map_or(-1, i32::from);
    Outcome::Retry { code, error: said(error), after: firm.then(account_pause) }
}

/// A refusal of the mail.
pub(super) fn of_mail(step: Step, error: &smtp::Error) -> Outcome {
    if error.is_client() {
        return Outcome::Dead { code: -1, error: said(error) };
    }
    let text = said(error);
    match code(error) {
        Some(code) => refused(step, code, text),
        None if step == Step::End => unknown(&text),
        None => Outcome::Retry { code: -1, error: text, after: None },
    }
}

/// The mail's last line was sent, and no answer came.
pub(super) fn unknown(what: &str) -> Outcome {
    let error = format!(
        "{what}; whether the mail was taken is not known, so it goes again under its Message-ID"
    );
    Outcome::Retry { code: -1, error, after: None }
}

fn refused(step: Step, code: u16, error: String) -> Outcome {
    let enhanced = error.split_whitespace().find(|word| is_enhanced(word)).unwrap_or_default();
    let permanent = (500..600).contains(&code);
    let nobody = step == Step::Recipient && NOBODY.contains(&enhanced);
    let greylisted = ["greylist", "graylist", "grey-list", "grey list"];
    let code_text = i32::from(code);
    let retry = |after| Outcome::Retry { code: code_text, error: error.clone(), after };
    match code {
        // Signing in is wanted after all, or did not hold.
        530 | 534 | 535 | 538 => retry(Some(account_pause())),
        // Our mails are small, so 552 is a full mailbox (RFC 5321, section 4.5.3.1.10).
        552 => retry(None),
        _ if permanent && enhanced == FULL => retry(None),
        // It may not send as this sender.
        _ if permanent && step == Step::Sender => retry(Some(account_pause())),
        _ if permanent && nobody => Outcome::Gone { code: code_text, error },
        _ if permanent => Outcome::Dead { code: code_text, error },
        _ if greylisted.iter().any(|word| error.to_ascii_lowercase().contains(word)) => {
            retry(Some(Span::minutes(GREYLIST_PAUSE_MINUTES)))
        }
        _ => retry(None),
    }
}

/// Whether a word is a code such as `5.1.1`.
fn is_enhanced(word: &str) -> bool {
    let parts: Vec<&str> = word.trim_start_matches('#').split('.').collect();
    let number = |part: &&str| {
        (1..=3).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit())
    };
    parts.len() == 3
        && parts.iter().all(number)
        && matches!(parts.first(), Some(&("2" | "4" | "5")))
}

fn code(error: &smtp::Error) -> Option<u16> {
    error.status().map(u16::from)
}

fn said(error: &smtp::Error) -> String {
    snippet(&format!("mail server: {error}"))
}

fn account_pause() -> Span {
    Span::minutes(ACCOUNT_PAUSE_MINUTES)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a14_each_refusal_means_what_the_standards_say() {
        const PAUSE: Option<Span> = Some(Span::minutes(15));
        let at = |step, code, text: &str| refused(step, code, format!("mail server: {text}"));
        for (step, code, text, after) in [
            (Step::Sender, 421, "4.3.2 closing", None),
            (Step::Sender, 550, "5.7.60 may not send as this sender", PAUSE),
            (Step::Sender, 530, "5.7.0 must issue STARTTLS first", PAUSE),
            (Step::Recipient, 450, "4.2.0 Greylisted, come back", Some(Span::minutes(5))),
            (Step::Recipient, 451, "local error", None),
            (Step::Recipient, 452, "4.2.2 mailbox full", None),
            (Step::Recipient, 552, "mailbox full", None),
            (Step::Recipient, 550, "5.2.2 over quota", None),
            (Step::End, 451, "4.7.1 try later", None),
            (Step::End, 535, "5.7.8 no longer signed in", PAUSE),
        ] {
            let Outcome::Retry { code: found, after: wait, .. } = at(step, code, text) else {
                panic!("{step:?} {code} {text} is tried again")
            };
            assert_eq!((found, wait), (i32::from(code), after), "{step:?} {code} {text}");
        }
        for (step, code, text) in [
            (Step::Recipient, 550, "no such user"),
            (Step::Recipient, 553, "5.1.3 bad syntax"),
            (Step::Recipient, 554, "5.7.1 refused by policy"),
            (Step::End, 554, "5.7.1 looks like spam"),
            (Step::End, 550, "5.1.1 of another's list"),
            (Step::Data, 554, "no valid recipients"),
        ] {
            let dead = matches!(at(step, code, text), Outcome::Dead { .. });
            assert!(dead, "{step:?} {code} {text}");
        }
        for text in ["5.1.1 unknown user", "<x@y>: 5.1.10 null MX", "5.2.1 disabled"] {
            let gone = matches!(at(Step::Recipient, 550, text), Outcome::Gone { code: 550, .. });
            assert!(gone, "{text}");
        }
    }

    #[test]
    fn an_address_is_no_enhanced_code() {
        assert!(is_enhanced("5.7.1") && is_enhanced("4.2.2"));
        for word in ["10.0.0.1", "5.1", "5.1.x", "9.1.1", "5.1.1234", "5..1"] {
            assert!(!is_enhanced(word), "{word}");
        }
    }
}
