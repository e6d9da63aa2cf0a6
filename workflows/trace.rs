//! The trace that something belongs to, as the W3C has it passed on (Trace Context, level 2).
//!
//! What cannot be read is as if it had not been sent: a trace is never a reason to refuse anything. What is
//! passed on is the trace, whether its beginner records it, and what others have noted in `tracestate`.

pub mod sampler;

use serde::{Deserialize, Serialize};

use crate::hex;

/// Bytes of `tracestate` that are passed on; every vendor must pass on at least so many (section 3.3.1.5).
pub const STATE_BYTES_MAX: usize = 512;
/// Members of a `tracestate` (section 3.3.1.1).
const STATE_MEMBERS_MAX: usize = 32;
/// A member that is longer goes first where there is too much (section 3.3.1.5).
const LONG_MEMBER_BYTES: usize = 128;
/// Bytes of a member's key, and of its value.
const MEMBER_PART_BYTES_MAX: usize = 256;
/// The beginner records the trace.
const SAMPLED: u8 = 0b01;
/// The trace's id was drawn at random (level 2).
const RANDOM: u8 = 0b10;

/// A place in a trace: what is done next is part of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TraceContext {
    /// The trace.
    pub trace: [u8; 16],
    /// The span that led here.
    pub span: [u8; 8],
    /// Whether it is recorded, and how it was drawn.
    pub flags: u8,
    /// What others have noted, to be passed on.
    pub state: Option<String>,
}

impl TraceContext {
    /// A new trace; both ids are drawn at random.
    pub fn begin(trace: [u8; 16], span: [u8; 8], is_sampled: bool) -> Self {
        let flags = RANDOM | if is_sampled { SAMPLED } else { 0 };
        Self { trace, span, flags, state: None }
    }

    /// Reads the headers of a request; nothing where `traceparent` is not one.
    pub fn read<'a>(parent: &str, state: impl Iterator<Item = &'a str>) -> Option<Self> {
        let (version, rest) = field(parent, 2)?;
        let (trace, rest) = field(rest.strip_prefix('-')?, 32)?;
        let (span, rest) = field(rest.strip_prefix('-')?, 16)?;
        let (flags, rest) = field(rest.strip_prefix('-')?, 2)?;
        let [version] = bytes(version)?;
        // A later version may have more behind it; this one has not.
        let fits =
            if version == 0 { rest.is_empty() } else { rest.is_empty() || rest.starts_with('-') };
        let (trace, span, [flags]) = (bytes(trace)?, bytes(span)?, bytes(flags)?);
        if version == u8::MAX || !fits || trace == [0; 16] || span == [0; 8] {
            return None;
        }
        Some(Self { trace, span, flags: flags & (SAMPLED | RANDOM), state: state_of(state) })
    }

    /// Whether it is recorded.
    pub fn is_sampled(&self) -> bool {
        self.flags & SAMPLED != 0
    }

    /// The place below a span of the same trace.
    #[must_use]
    pub fn below(&self, span: [u8; 8]) -> Self {
        Self { span, ..self.clone() }
    }

    /// The same place, recorded or not.
    #[must_use]
    pub fn sampled(self, is_sampled: bool) -> Self {
        let rest = self.flags & !SAMPLED;
        Self { flags: if is_sampled { rest | SAMPLED } else { rest }, ..self }
    }

    /// As the header `traceparent`.
    pub fn to_header(&self) -> String {
        let mut header = String::with_capacity(55);
        header.push_str("00-");
        hex::push(&mut header, &self.trace);
        header.push('-');
        hex::push(&mut header, &self.span);
        header.push('-');
        hex::push(&mut header, &[self.flags]);
        header
    }
}

/// The first so many characters, which are all small hexadecimal digits.
fn field(text: &str, characters: usize) -> Option<(&str, &str)> {
    let (field, rest) = text.split_at_checked(characters)?;
    let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    field.bytes().all(is_digit).then_some((field, rest))
}

fn bytes<const N: usize>(hex: &str) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    for (index, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(hex.get(2 * index..2 * index + 2)?, 16).ok()?;
    }
    Some(bytes)
}

/// What others have noted, in as many headers as it takes; nothing where one of them cannot be read.
fn state_of<'a>(headers: impl Iterator<Item = &'a str>) -> Option<String> {
    let mut members: Vec<(&str, &str)> = Vec::new();
    for member in headers.flat_map(|header| header.split(',')) {
        let member = member.trim_matches([' ', '\t']);
        if member.is_empty() {
            continue;
        }
        let (key, value) = member.split_once('=')?;
        let is_new = members.iter().all(|(known, _)| *known != key);
        if !is_new || !is_key(key) || !is_value(value) || members.len() == STATE_MEMBERS_MAX {
            return None;
        }
        members.push((key, value));
    }
    let length = |member: &(&str, &str)| member.0.len() + 1 + member.1.len();
    let whole = |members: &[(&str, &str)]| members.iter().map(|m| length(m) + 1).sum::<usize>();
    if whole(&members) > STATE_BYTES_MAX + 1 {
        members.retain(|member| length(member) <= LONG_MEMBER_BYTES);
    }
    while whole(&members) > STATE_BYTES_MAX + 1 {
        // The last is the oldest.
        members.pop();
    }
    let texts: Vec<String> = members.iter().map(|(key, value)| format!("{key}={value}")).collect();
    (!texts.is_empty()).then(|| texts.join(","))
}

fn is_key(key: &str) -> bool {
    let may_begin = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let may_follow = |c: char| may_begin(c) || "_-*/@".contains(c);
    key.len() <= MEMBER_PART_BYTES_MAX && key.starts_with(may_begin) && key.chars().all(may_follow)
}

fn is_value(value: &str) -> bool {
    let may_be = |c: char| (' '..='~').contains(&c) && c != ',' && c != '=';
    !value.is_empty() && value.len() <= MEMBER_PART_BYTES_MAX && value.chars().all(may_be)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    fn read(parent: &str, state: &[&str]) -> Option<TraceContext> {
        TraceContext::read(parent, state.iter().copied())
    }

    #[test]
    fn a20_a_trace_reads_back_and_what_is_none_is_as_if_it_were_not_there() {
        let found = read(PARENT, &[]).unwrap();
        assert_eq!((found.trace[0], found.span[7], found.flags), (0x4b, 0xb7, 1));
        assert_eq!(found.to_header(), PARENT);
        let below = found.below([1; 8]);
        assert_eq!(below.to_header(), PARENT.replace("00f067aa0ba902b7", "0101010101010101"));
        for (parent, sampled) in [
            (PARENT.replace("-01", "-00"), false),
            (PARENT.replace("-01", "-ff"), true),
            (format!("cc{}-what-the-future-will-be-like", &PARENT[2..]), true),
            (format!("cc{}", &PARENT[2..]), true),
        ] {
            assert_eq!(read(&parent, &[]).unwrap().is_sampled(), sampled, "{parent}");
        }
        for bad in [
            "",
            "00",
            &PARENT[..54],
            &format!("{PARENT}-"),
            &format!("{PARENT} "),
            &format!("ff{}", &PARENT[2..]),
            &format!("cc{}.what", &PARENT[2..]),
            &PARENT.to_uppercase(),
            &PARENT.replace("4bf92f3577b34da6a3ce929d0e0e4736", &"0".repeat(32)),
            &PARENT.replace("00f067aa0ba902b7", &"0".repeat(16)),
            &PARENT.replace('-', "_"),
            &PARENT.replace("-01", "-0g"),
            &PARENT.replace("4b", "é"),
        ] {
            assert_eq!(read(bad, &[]), None, "{bad}");
        }
    }

    #[test]
    fn a20_what_others_noted_is_passed_on_in_its_order_and_bounded() {
        let state = |headers: &[&str]| read(PARENT, headers).unwrap().state;
        assert_eq!(
            state(&["rojo=00f067, congo=t61", "", "x@y=z "]).as_deref(),
            Some("rojo=00f067,congo=t61,x@y=z")
        );
        for bad in ["a", "a=1,a=2", "A=1", "a=ñ", "a=b=c", "=1", "a="] {
            assert_eq!(state(&["b=2", bad]), None, "{bad}");
        }
        let many: Vec<String> = (0..33).map(|n| format!("k{n}=v")).collect();
        assert_eq!(state(&[&many.join(",")]), None);
        assert!(state(&[&many[..32].join(",")]).is_some());
        let long = format!(
            "a=1,long={},b={},c={},d={},e={},f={}",
            "x".repeat(200),
            "1".repeat(100),
            "2".repeat(100),
            "3".repeat(100),
            "4".repeat(100),
            "5".repeat(100)
        );
        let kept = state(&[&long]).unwrap();
        assert!(
            kept.starts_with("a=1,b=1") && kept.ends_with('4') && kept.len() <= STATE_BYTES_MAX,
            "{kept}"
        );
    }
}
