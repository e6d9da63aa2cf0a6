//! Bytes as lower-case hexadecimal digits.

/// Bytes as a text of twice their length.
pub fn text(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(2 * bytes.len());
    push(&mut text, bytes);
    text
}

/// Adds bytes to a text.
pub fn push(text: &mut String, bytes: &[u8]) {
    for byte in bytes {
        for half in [byte >> 4, byte & 15] {
            text.push(char::from(digit(half)));
        }
    }
}

fn digit(half: u8) -> u8 {
    match half {
        0..10 => b'0' + half,
        _ => b'a' + (half - 10),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_has_two_digits() {
        for byte in 0..=u8::MAX {
            assert_eq!(text(&[byte]), format!("{byte:02x}"));
        }
        assert_eq!(text(&[0, 255, 16]), "00ff10");
    }
}
