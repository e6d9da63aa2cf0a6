//! A body that is nearly JSON, made JSON: what a reader of JSON would refuse a whole POST for.
//!
//! Meta packs a thousand updates into one POST. A message cut in the middle of an emoji leaves half of it as
//! an escape (`\ud83d`), a number may be greater than any that can be read, a thing nested deeper than a reader
//! goes. For one such thing the others must not be lost, so it alone is replaced: half a character by U+FFFD,
//! the number or the nested thing by `null`. What is no JSON for another reason stays what it is.

/// Where nesting ends; readers of JSON end at 128.
const DEPTH_MAX: usize = 100;
const HALF: &[u8] = b"\\ufffd";

/// The mended body, and what was replaced in it, each once; `None` where there is nothing to mend.
pub(super) fn mended(body: &[u8]) -> Option<(Vec<u8>, Vec<&'static str>)> {
    let text = String::from_utf8_lossy(body);
    let mut mender = Mender { rest: text.as_bytes(), out: Vec::new(), said: Vec::new() };
    if text.as_bytes() != body {
        mender.say("bytes that are no text");
    }
    mender.out.reserve(body.len());
    mender.mend();
    let Mender { out, said, .. } = mender;
    (!said.is_empty()).then_some((out, said))
}

struct Mender<'a> {
    rest: &'a [u8],
    out: Vec<u8>,
    said: Vec<&'static str>,
}

impl Mender<'_> {
    fn say(&mut self, what: &'static str) {
        if !self.said.contains(&what) {
            self.said.push(what);
        }
    }

    fn mend(&mut self) {
        let mut depth = 0_usize;
        // Where the output is cut back to when what begins here is over: the thing is too deep.
        let mut cut = None;
        while let Some(&byte) = self.rest.first() {
            match byte {
                b'"' => {
                    self.text();
                    continue;
                }
                b'-' | b'0'..=b'9' => {
                    self.number();
                    continue;
                }
                b'{' | b'[' => {
                    depth += 1;
                    if depth > DEPTH_MAX && cut.is_none() {
                        cut = Some(self.out.len());
                    }
                }
                b'}' | b']' => {
                    depth = depth.saturating_sub(1);
                    if depth == DEPTH_MAX
                        && let Some(start) = cut.take()
                    {
                        self.out.truncate(start);
                        self.out.extend_from_slice(b"null");
                        self.say("something nested too deep");
                        self.skip(1);
                        continue;
                    }
                }
                _ => {}
            }
            self.keep(1);
        }
    }

    fn keep(&mut self, count: usize) {
        let (kept, rest) = self.rest.split_at(count.min(self.rest.len()));
        self.out.extend_from_slice(kept);
        self.rest = rest;
    }

    fn skip(&mut self, count: usize) {
        self.rest = self.rest.get(count..).unwrap_or_default();
    }

    fn number(&mut self) {
        let is_part = |byte: &u8| byte.is_ascii_digit() || b"+-.eE".contains(byte);
        let length = self.rest.iter().take_while(|byte| is_part(byte)).count();
        let number = self.rest.get(..length).and_then(|text| std::str::from_utf8(text).ok());
        let too_great =
            number.and_then(|text| text.parse::<f64>().ok()).is_some_and(f64::is_infinite);
        if too_great {
            self.out.extend_from_slice(b"null");
            self.say("a number that is too great");
            self.skip(length);
        } else {
            self.keep(length);
        }
    }

    /// A text from its first quotation mark to its last.
    fn text(&mut self) {
        self.keep(1);
        while let Some(&byte) = self.rest.first() {
            match byte {
                b'"' => {
                    self.keep(1);
                    return;
                }
                b'\\' => self.escape(),
                0..0x20 => {
                    self.out.extend_from_slice(format!("\\u{byte:04x}").as_bytes());
                    self.say("a control character");
                    self.skip(1);
                }
                _ => self.keep(1),
            }
        }
    }

    fn escape(&mut self) {
        match (unit(self.rest), self.rest.get(6..).and_then(unit)) {
            (Some(0xd800..0xdc00), Some(0xdc00..0xe000)) => self.keep(12),
            (Some(0xd800..0xe000), _) => {
                self.out.extend_from_slice(HALF);
                self.say("half a character");
                self.skip(6);
            }
            (Some(_) | None, _) => self.keep(2),
        }
    }
}

/// The UTF-16 unit that an escape at the beginning of this stands for.
fn unit(text: &[u8]) -> Option<u16> {
    let digits = text.strip_prefix(b"\\u")?.get(..4)?;
    let digits = std::str::from_utf8(digits).ok().filter(|text| !text.starts_with('+'))?;
    u16::from_str_radix(digits, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    #[test]
    fn d02_what_one_thing_is_refused_for_is_replaced_alone() {
        let deep = |depth: usize| format!("{}1{}", "[".repeat(depth), "]".repeat(depth));
        let nested = format!(r#"{{"a": {}, "b": 2}}"#, deep(5_000));
        for (body, wanted) in [
            (r#"["x\ud83d", 1]"#, r#"["x\ufffd", 1]"#),
            (r#"["\ud83d\ude00\ude00\\ud83d"]"#, r#"["\ud83d\ude00\ufffd\\ud83d"]"#),
            (r#"["\ud83d\ud83d\ude00"]"#, r#"["\ufffd\ud83d\ude00"]"#),
            (r#"{"a": -1e400, "b": 1E5}"#, r#"{"a": null, "b": 1E5}"#),
            (r#"["1e400", "[["]"#, r#"["1e400", "[["]"#),
            ("[\"a\nb\"]", "[\"a\\u000ab\"]"),
        ] {
            let mended = mended(body.as_bytes());
            let text = mended.map_or(body.to_owned(), |(text, _)| String::from_utf8(text).unwrap());
            assert_eq!(text, wanted);
            assert!(serde_json::from_str::<Value>(&text).is_ok(), "{text}");
        }
        let (text, said) = mended(nested.as_bytes()).unwrap();
        let value: Value = serde_json::from_slice(&text).unwrap();
        assert_eq!((value["b"].as_u64(), said), (Some(2), vec!["something nested too deep"]));
        let (text, _) = mended(b"[\"\xff\"]").unwrap();
        assert!(serde_json::from_slice::<Value>(&text).is_ok());
    }

    #[test]
    fn d02_what_is_no_json_stays_so_and_never_panics() {
        for body in ["", "{", "\"", "\"\\", "\"\\u12", "[1e", "]]]", "{\"a\": \\ud83d}"] {
            let text = mended(body.as_bytes()).map_or(body.as_bytes().to_vec(), |(text, _)| text);
            assert!(serde_json::from_slice::<Value>(&text).is_err(), "{body}");
        }
        let open = "[".repeat(10_000);
        assert!(mended(open.as_bytes()).is_none());
    }
}
