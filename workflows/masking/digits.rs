//! What is a number in what others wrote: so many digits as one has, whatever parts them.
//!
//! People part the digits of a number as they please, so what stands between them says nothing. What is a moment by its form
//! is none, nor what has the form of an id that is made by chance or of the time.

/// Whether a text holds a number: so many digits, with no letter between them, beside moments and what is made.
pub(super) fn holds_number(text: &str) -> bool {
    let letters: Vec<char> = text.chars().collect();
    let (mut at, mut digits, mut gap) = (0, 0, 0);
    while let Some(letter) = letters.get(at) {
        if let Some(length) = moment_at(&letters, at).or_else(|| made_at(&letters, at)) {
            (at, digits) = (at + length, 0);
            continue;
        }
        if letter.is_numeric() {
            (digits, gap) = (digits + 1, 0);
        } else if digits > 0 && gap < BETWEEN_MAX && !letter.is_alphabetic() {
            gap += 1;
        } else {
            digits = 0;
        }
        if digits >= DIGITS {
            return true;
        }
        at += 1;
    }
    false
}

/// Whether a text is nothing but moments, and what stands between two of them: `20:00 - 22:00`.
pub(super) fn is_moments(text: &str) -> bool {
    let letters: Vec<char> = text.chars().collect();
    let (mut at, mut found) = (0, 0);
    while let Some(letter) = letters.get(at) {
        if let Some(length) = moment_at(&letters, at) {
            (at, found) = (at + length, found + 1);
        } else if letter.is_alphanumeric() {
            return false;
        } else {
            at += 1;
        }
    }
    found > 0
}

/// A day as people write it, perhaps with its time: `20/01/2026 20:00`. What is none and looks like it is a number, so only
/// the field can say which it is.
pub(super) fn is_day(text: &str) -> bool {
    let (day, time) = text.split_once([' ', ',']).unwrap_or((text, ""));
    let parts: Option<Vec<u32>> = day
        .split(['/', '.', '-'])
        .map(|part| part.parse().ok().filter(|_| part.len() <= 4))
        .collect();
    let is_date = match parts.as_deref() {
        Some([day, month, year]) if *day <= 31 => {
            (1..=12).contains(month) && (*year <= 99 || (1900..=2100).contains(year))
        }
        Some([year, month, day]) => {
            (1900..=2100).contains(year) && (1..=12).contains(month) && (1..=31).contains(day)
        }
        Some(_) | None => false,
    };
    is_date && (time.trim().is_empty() || is_moments(time.trim()))
}

/// How long the moment is that begins there: a day with or without its time, or a time of day.
pub(super) fn moment_at(letters: &[char], from: usize) -> Option<usize> {
    let before = from.checked_sub(1).and_then(|before| letters.get(before));
    if before.is_some_and(|before| before.is_alphanumeric() || *before == '+') {
        return None;
    }
    let day = shaped(letters, from, "dddd-dd-dd").filter(|_| {
        let two = |at: usize| number(letters, from + at, 2);
        [19, 20].contains(&two(0)) && (1..=12).contains(&two(5)) && (1..=31).contains(&two(8))
    });
    let mut end = from + day.unwrap_or_default();
    if day.is_some() && letters.get(end).is_some_and(|letter| ['T', 't', ' '].contains(letter)) {
        end = time_at(letters, end + 1).map_or(end, |length| end + 1 + length);
    } else if day.is_none() {
        let is_part = before.is_some_and(|before| ":.-".contains(*before));
        end += time_at(letters, from).filter(|_| !is_part)?;
    }
    let goes_on = letters.get(end).is_some_and(|next| next.is_alphanumeric() || *next == ':');
    (end > from && !goes_on).then_some(end - from)
}

/// How long the time of day is that begins there, with its zone.
fn time_at(letters: &[char], from: usize) -> Option<usize> {
    shaped(letters, from, "dd:dd")?;
    if number(letters, from, 2) > 23 || number(letters, from + 3, 2) > 59 {
        return None;
    }
    let mut end = from + 5;
    if shaped(letters, end, ":dd").is_some() && number(letters, end + 1, 2) <= 60 {
        end += 3;
        if letters.get(end) == Some(&'.') {
            let parts = letters.iter().skip(end + 1).take_while(|next| next.is_ascii_digit());
            end += 1 + parts.count().min(FRACTION_DIGITS_MAX);
        }
    }
    match letters.get(end) {
        Some('Z' | 'z') => end += 1,
        Some('+' | '-') if shaped(letters, end + 1, "dd:dd").is_some() => end += 6,
        _ => {}
    }
    Some(end - from)
}

/// The length of a shape, in which `d` is a digit, where it stands there.
fn shaped(letters: &[char], from: usize, shape: &str) -> Option<usize> {
    let fits = |(at, wanted): (usize, char)| {
        letters.get(from + at).is_some_and(|letter| match wanted {
            'd' => letter.is_ascii_digit(),
            other => *letter == other,
        })
    };
    shape.chars().enumerate().all(fits).then_some(shape.len())
}

/// The number that so many digits make.
fn number(letters: &[char], from: usize, length: usize) -> u32 {
    let digits = letters.iter().skip(from).take(length);
    digits.fold(0, |number, digit| 10 * number + digit.to_digit(10).unwrap_or_default())
}

/// How long what begins there is, where it has the form of an id that is made and not chosen.
pub(super) fn made_at(letters: &[char], from: usize) -> Option<usize> {
    let before = from.checked_sub(1).and_then(|before| letters.get(before));
    if before.is_some_and(|before| before.is_alphanumeric()) {
        return None;
    }
    let uuid: String = letters.iter().skip(from).take(UUID).collect();
    let goes_on = letters.get(from + UUID).is_some_and(|next| next.is_alphanumeric());
    if !goes_on && is_uuid(&uuid) {
        return Some(UUID);
    }
    let word: String =
        letters.iter().skip(from).take_while(|letter| letter.is_alphanumeric()).collect();
    is_made(&word).then(|| word.chars().count())
}

/// Whether it has the form of a UUID.
fn is_uuid(text: &str) -> bool {
    let groups: Vec<&str> = text.split('-').collect();
    groups.iter().map(|group| group.len()).eq([8, 4, 4, 4, 12])
        && groups.iter().all(|group| group.bytes().all(|byte| byte.is_ascii_hexdigit()))
        && is_mixed(text)
}

/// Whether a word has the form of a place of ours, of a ULID or of a digest.
fn is_made(word: &str) -> bool {
    let is_base32 =
        |byte: u8| byte.is_ascii_alphanumeric() && !b"ilou".contains(&byte.to_ascii_lowercase());
    let is_form = match word.len() {
        13 => word.starts_with('0') && word.bytes().all(is_base32),
        26 => word.bytes().all(is_base32),
        24 | 32 | 40 | 64 => word.bytes().all(|byte| byte.is_ascii_hexdigit()),
        _ => false,
    };
    is_form && is_mixed(word)
}

/// Whether letters stand between the digits, as they do in what is made by chance or of the time.
fn is_mixed(text: &str) -> bool {
    text.bytes().filter(u8::is_ascii_alphabetic).count() >= LETTERS
}

/// As many digits as the shortest telephone numbers have that are hidden wherever they stand.
const DIGITS: usize = 9;
/// As many signs may stand in a row between two digits of one.
const BETWEEN_MAX: usize = 4;
/// What is made has more letters than this nearly always; who has fewer is hidden, and found all the same.
const LETTERS: usize = 3;
/// Digits of a part of a second.
const FRACTION_DIGITS_MAX: usize = 9;
/// As long as a UUID is.
const UUID: usize = 36;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn e01_nine_digits_are_a_number_whatever_parts_them() {
        for parting in [
            "", ",", ":", ";", "*", "·", "~", "+", "|", "#", "=", "_", "/", " - ", "--",
            "\u{200d}", "\u{3000}",
        ] {
            assert!(holds_number(&["655", "741", "073"].join(parting)), "{parting:?}");
        }
        for text in [
            "93.123.45.67",
            "91.23.45 67 89",
            "tel93123456789",
            "655741073ES",
            "61:23:45:67:8",
            "6-5-5-7-4-1-0-7-3",
            "655, 741/073",
            "2034-60-01-1888",
            "+2026-01-20-5",
            "６５５７４１０７３",
        ] {
            assert!(holds_number(text), "{text}");
        }
        for text in [
            "20:00 - 22:00",
            "2026-01-20/2026-01-27",
            "2026-01-20T20:00:00.123+01:00",
            "2026-01-20 20:00 and 2026-01-21 21:00",
            "R-2026-01-20-15",
            "131047",
            "T-12345678",
            "550e8400-e29b-41d4-a716-446655440000",
        ] {
            assert!(!holds_number(text), "{text}");
        }
    }

    #[test]
    fn e01_moments_are_told_by_their_form_and_days_as_people_write_them_by_their_field_too() {
        for text in ["20:00 - 22:00", "2026-01-20/2026-01-27", "20:00", "2026-01-20"] {
            assert!(is_moments(text), "{text}");
        }
        for text in ["", " - ", "20:00 Ana", "65:57", "61:23:45:67:8", "20:00:655"] {
            assert!(!is_moments(text), "{text}");
        }
        for text in
            ["20/01/2026", "20.1.26", "2026-01-20", "20/01/2026 20:00", "20/01/2026, 20:00:00"]
        {
            assert!(is_day(text), "{text}");
        }
        for text in ["93.45.6789", "91.23.45", "20/01/2026 655", "20/01", "600-11-22"] {
            assert!(!is_day(text), "{text}");
        }
    }
}
