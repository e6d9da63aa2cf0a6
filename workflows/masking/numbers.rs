//! Numbers of telephones and cards: what they look like, and what is shown of them.

use super::HIDDEN;
use super::digits::{is_day, is_moments};
use super::fields::{CARDS, PHONE_ENDINGS, PHONES, plain};
use crate::answer::words;

/// Digits and nothing else, as many as a telephone number has.
pub(super) fn is_bare_number(text: &str) -> bool {
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    (7..=15).contains(&digits)
        && text.chars().all(|letter| letter.is_ascii_digit() || " .-()+".contains(letter))
}

/// The country and the last two digits stay.
pub(super) fn hidden_number(text: &str) -> String {
    let plain: Vec<char> =
        text.chars().filter(|letter| letter.is_ascii_digit() || *letter == '+').collect();
    if plain.len() < 7 {
        return HIDDEN.to_owned();
    }
    let shown = if plain.first() == Some(&'+') { 3 } else { 2 };
    let start: String = plain.iter().take(shown).collect();
    let end: String = plain.iter().skip(plain.len() - 2).collect();
    format!("{start}•••••{end}")
}

/// How long the telephone number is that begins there: with a `+` and perhaps parted by blanks, dashes, dots
/// or brackets, or so many digits in a row, or parted by single blanks.
pub(super) fn number_at(letters: &[char], from: usize) -> Option<usize> {
    let has_plus = letters.get(from) == Some(&'+');
    let between = if has_plus { " -.()\u{a0}" } else { " " };
    let (mut digits, mut length, mut last_digit) = (0, usize::from(has_plus), 0);
    let mut gap = 0;
    while let Some(letter) = letters.get(from + length) {
        if letter.is_ascii_digit() {
            digits += 1;
            gap = 0;
            last_digit = length + 1;
        } else if between.contains(*letter) && digits + usize::from(has_plus) > 0 && gap < 2 {
            gap += 1;
        } else {
            break;
        }
        length += 1;
    }
    let goes_on = letters.get(from + last_digit).is_some_and(|next| next.is_alphanumeric());
    let least = if has_plus { 7 } else { 9 };
    let most = if has_plus { usize::MAX } else { 15 };
    let is_number = digits >= least && digits <= most && (has_plus || !goes_on);
    if !is_number && !has_plus {
        return parted_at(letters, from);
    }
    is_number.then_some(last_digit)
}

/// The same of one that is parted by dashes alone, or by two dots: `600-111-222`, `600.111.222`. A day is none, nor is the
/// address of a machine, which has three dots.
fn parted_at(letters: &[char], from: usize) -> Option<usize> {
    let mut groups = vec![0_usize];
    let (mut length, mut between) = (0, None);
    while let Some(letter) = letters.get(from + length) {
        let next_is_digit = letters.get(from + length + 1).is_some_and(char::is_ascii_digit);
        if letter.is_ascii_digit() {
            *groups.last_mut()? += 1;
        } else if ['-', '.'].contains(letter)
            && next_is_digit
            && between.is_none_or(|between| between == *letter)
        {
            between = Some(*letter);
            groups.push(0);
        } else {
            break;
        }
        length += 1;
    }
    let goes_on = letters.get(from + length).is_some_and(|next| next.is_alphanumeric());
    let digits: usize = groups.iter().sum();
    let is_parted_so = match between {
        Some('-') => groups.len() <= 5 && groups.first() != Some(&4),
        Some(_) => groups.len() == 3 && groups.iter().all(|group| *group == 3),
        None => false,
    };
    let fits = (9..=15).contains(&digits) && groups.iter().all(|group| (2..=4).contains(group));
    (fits && is_parted_so && !goes_on).then_some(length)
}

/// Whether a text is a telephone number and nothing else, with or without its country code and however it is written.
pub(super) fn is_written_number(text: &str) -> bool {
    let text = text.strip_prefix('+').unwrap_or(text);
    let (mut digits, mut others) = (0, 0);
    for letter in text.chars() {
        match letter {
            _ if is_digit(letter) => digits += 1,
            _ if PARTING.contains(letter) => others += 1,
            _ => return false,
        }
    }
    (9..=15).contains(&digits)
        && others <= digits
        && !is_moments(text)
        && !is_day(text)
        && !is_machine(text)
}

/// Whether a letter is a digit in any script that writes numbers in tens.
fn is_digit(letter: char) -> bool {
    letter.is_ascii_digit() || !letter.is_ascii() && letter.is_numeric() && !letter.is_alphabetic()
}

/// The address of a machine.
fn is_machine(text: &str) -> bool {
    let is_byte = |part: &str| !part.starts_with('+') && part.parse::<u8>().is_ok();
    text.split('.').count() == 4 && text.split('.').all(is_byte)
}

/// What people part the digits of a number with.
const PARTING: &str = " .-()/_\u{a0}\u{2009}\u{202f}\u{2010}\u{2011}\u{2013}";

/// Whether a field is a telephone's by a part of its name.
pub(super) fn is_number_field(field: &str) -> bool {
    let plain = plain(field);
    words(field).iter().any(|word| PHONES.contains(&word.as_str()))
        || PHONE_ENDINGS.iter().any(|ending| plain.ends_with(ending))
}

/// Whether a field is a card's by a part of its name.
pub(super) fn is_card_field(field: &str) -> bool {
    let plain = plain(field);
    words(field).iter().any(|word| CARDS.contains(&word.as_str())) || plain == "cardnumber"
}

/// The last four digits stay, by which people know their cards.
pub(super) fn hidden_card(text: &str) -> String {
    let digits: Vec<char> = text.chars().filter(char::is_ascii_digit).collect();
    let end: String = digits.iter().skip(digits.len().saturating_sub(4)).collect();
    format!("{HIDDEN}{end}")
}

/// How long the number of a card is that begins there: 13 to 19 digits whose last one checks the others, in a
/// row or parted in fours as on the card.
pub(super) fn card_at(letters: &[char], from: usize) -> Option<usize> {
    let (mut digits, mut groups, mut length) = (Vec::new(), vec![0_usize], 0);
    let mut between = None;
    while let Some(letter) = letters.get(from + length) {
        let next_is_digit = letters.get(from + length + 1).is_some_and(char::is_ascii_digit);
        if let Some(digit) = letter.to_digit(10) {
            digits.push(digit);
            *groups.last_mut()? += 1;
        } else if [' ', '-', '\u{a0}'].contains(letter)
            && groups.last().is_some_and(|group| [4, 6].contains(group))
            && between.is_none_or(|between| between == *letter)
            && next_is_digit
        {
            between = Some(*letter);
            groups.push(0);
        } else {
            break;
        }
        length += 1;
        if digits.len() > 19 {
            return None;
        }
    }
    let goes_on = letters.get(from + length).is_some_and(|next| next.is_alphanumeric());
    let is_parted_so = match groups[..] {
        [_] | [4, 6, 4 | 5] => true,
        [.., last] => last <= 7 && groups.iter().rev().skip(1).all(|group| *group == 4),
        [] => false,
    };
    (digits.len() >= 13 && !goes_on && is_parted_so && checks(&digits)).then_some(length)
}

/// Luhn's formula (ISO/IEC 7812-1, annex B).
fn checks(digits: &[u32]) -> bool {
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(place, digit)| match (place % 2 == 1, digit * 2) {
            (false, _) => *digit,
            (true, twice) => twice / 10 + twice % 10,
        })
        .sum();
    sum.is_multiple_of(10)
}
