//! Reads a mail as a mail program would: enough of MIME to see its subject and its texts.
//!
//! Without it a check such as "no phone number in the mail" would look at base64 and always pass.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// The subject, with its encoded words (RFC 2047) decoded; empty where there is none.
pub(super) fn subject(mail: &str) -> String {
    let (head, _) = split(mail);
    let Some(raw) = field(head, "subject") else { return String::new() };
    let mut out = String::new();
    let mut encoded_before = false;
    for word in raw.split_ascii_whitespace() {
        let decoded = encoded_word(word);
        // Blanks between two encoded words belong to neither.
        let joined = encoded_before && decoded.is_some();
        if !(joined || out.is_empty()) {
            out.push(' ');
        }
        encoded_before = decoded.is_some();
        out.push_str(decoded.as_deref().unwrap_or(word));
    }
    out
}

/// All texts of the mail, each part decoded, the subject first.
pub(super) fn text(mail: &str) -> String {
    let mut out = subject(mail);
    let (head, body) = split(mail);
    let boundary = field(head, "content-type").and_then(|kind| {
        let (_, rest) = kind.split_once("boundary=")?;
        let end = |c: char| c == '"' || c == ';';
        rest.trim_start_matches('"').split(end).next().map(str::to_owned)
    });
    match boundary {
        None => push_part(&mut out, head, body),
        Some(boundary) => {
            let delimiter = format!("--{boundary}");
            let parts = body.split(&delimiter).skip(1);
            for part in parts.filter(|part| !part.starts_with("--")) {
                let (head, body) = split(part);
                push_part(&mut out, head, body);
            }
        }
    }
    out
}

fn push_part(out: &mut String, head: &str, body: &str) {
    out.push('\n');
    let encoding = field(head, "content-transfer-encoding").unwrap_or_default();
    match encoding.to_ascii_lowercase().as_str() {
        "base64" => {
            let packed: String = body.split_ascii_whitespace().collect();
            let bytes = STANDARD.decode(packed).unwrap_or_else(|_| body.as_bytes().to_vec());
            out.push_str(&String::from_utf8_lossy(&bytes));
        }
        "quoted-printable" => {
            let whole = body.replace("=\r\n", "").replace("=\n", "");
            out.push_str(&String::from_utf8_lossy(&unquoted(&whole)));
        }
        _ => out.push_str(body),
    }
}

/// Head and body of a mail or a part.
fn split(mail: &str) -> (&str, &str) {
    mail.split_once("\r\n\r\n").or_else(|| mail.split_once("\n\n")).unwrap_or((mail, ""))
}

/// A header field, unfolded.
fn field(head: &str, name: &str) -> Option<String> {
    let mut lines = head.lines();
    let first = lines.find_map(|line| {
        let (key, value) = line.split_once(':')?;
        key.eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
    })?;
    let folded = lines.take_while(|line| line.starts_with([' ', '\t']));
    Some(folded.fold(first, |whole, line| format!("{whole} {}", line.trim())))
}

/// `=?utf-8?b?…?=` or `=?utf-8?q?…?=`.
fn encoded_word(word: &str) -> Option<String> {
    let inner = word.strip_prefix("=?")?.strip_suffix("?=")?;
    let mut parts = inner.splitn(3, '?');
    let (charset, encoding, text) = (parts.next()?, parts.next()?, parts.next()?);
    if !charset.eq_ignore_ascii_case("utf-8") {
        return None;
    }
    let bytes = match encoding {
        "b" | "B" => STANDARD.decode(text).ok()?,
        "q" | "Q" => unquoted(&text.replace('_', " ")),
        _ => return None,
    };
    String::from_utf8(bytes).ok()
}

/// `=C3=B1` as bytes; what is no such pair stays as it is.
fn unquoted(text: &str) -> Vec<u8> {
    let mut pieces = text.split('=');
    let mut out = pieces.next().unwrap_or_default().as_bytes().to_vec();
    for piece in pieces {
        let byte = piece.get(..2).and_then(|pair| u8::from_str_radix(pair, 16).ok());
        match byte {
            Some(byte) => {
                out.push(byte);
                out.extend_from_slice(piece.get(2..).unwrap_or_default().as_bytes());
            }
            None => {
                out.push(b'=');
                out.extend_from_slice(piece.as_bytes());
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subject_is_unfolded_and_its_encoded_words_joined() {
        for (raw, subject_) in [
            ("Subject: plain words\r\n\r\n", "plain words"),
            ("subject: =?utf-8?b?8J+aqA==?= =?utf-8?b?IMKhSG9sYSE=?=\r\n\r\n", "🚨 ¡Hola!"),
            (
                "To: x\r\nSubject: =?utf-8?q?Reserva_=C3=B1?=\r\n cancelada\r\n\r\n",
                "Reserva ñ cancelada",
            ),
            ("To: x\r\n\r\nSubject: not a header", ""),
        ] {
            assert_eq!(subject(raw), subject_, "{raw}");
        }
    }

    #[test]
    fn every_part_is_read_whatever_its_encoding() {
        let mail = "Subject: s\r\nContent-Type: multipart/alternative;\r\n boundary=\"XX\"\r\n\r\n\
            --XX\r\nContent-Transfer-Encoding: base64\r\n\r\nKzM0NjAwMDAw\r\nMDAx\r\n\
            --XX\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n+346000=\r\n00002 =C3=B1 1=2\r\n\
            --XX\r\n\r\nplain\r\n--XX--\r\n";
        let text = text(mail);
        for wanted in ["+34600000001", "+34600000002 ñ 1=2", "plain"] {
            assert!(text.contains(wanted), "{wanted} in {text}");
        }
    }
}
