//! What a customer's message means, and which of their bookings it is about.
//!
//! A bare "2" in a chat may be an answer to our reminder or the number of guests of a new booking. So
//! short answers count only for a booking that we asked about; a button names its booking, and words
//! that leave no doubt ("cancelar") count for any.

use crate::reservation::Status;
use crate::time::{Span, Timestamp};

/// What a message means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meaning {
    /// The customer will come.
    Confirm,
    /// The customer will not come.
    Cancel,
    /// The customer is here.
    Arrive,
}

/// An understood message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// What it means.
    pub meaning: Meaning,
    /// Whether it says so in words of its own, not as the answer to a question.
    pub explicit: bool,
    /// The booking that it names, where a button was pressed.
    pub reservation_id: Option<String>,
}

/// A booking of the customer who wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// The booking's id.
    pub reservation_id: String,
    /// Where it stands.
    pub status: Status,
    /// Its slot.
    pub slot: Timestamp,
    /// Whether a reminder asked about it: one whose message went out.
    pub asked: bool,
}

impl Answer {
    /// Whether it may be about a booking alone that the customer was asked about.
    pub fn asks_who_was_asked(&self) -> bool {
        match self.meaning {
            Meaning::Confirm | Meaning::Cancel => self.reservation_id.is_none(),
            Meaning::Arrive => false,
        }
    }
}

const CONFIRM_SHORT: [&str; 8] = ["1", "si", "sip", "yes", "sim", "ok", "vale", "claro"];
const CONFIRM: [&str; 8] = [
    "confirmo",
    "confirmar",
    "confirmado",
    "confirmada",
    "confirm",
    "confirmed",
    "confirmamos",
    "confirma",
];
const CANCEL_SHORT: [&str; 4] = ["2", "no", "nao", "nope"];
const CANCEL: [&str; 7] =
    ["cancelo", "cancelar", "cancela", "cancelada", "cancelado", "cancel", "cancelamos"];
const ARRIVE: [&str; 7] =
    ["llegue", "llegamos", "llegado", "cheguei", "chegamos", "arrived", "aqui"];
const COURTESY: [&str; 18] = [
    "gracias", "muchas", "por", "favor", "porfa", "please", "thanks", "thank", "you", "obrigado",
    "obrigada", "hola", "reserva", "la", "perfecto", "mi", "a", "the",
];
const NEGATION: [&str; 6] = ["no", "nao", "not", "aun", "todavia", "tampoco"];
const WORDS_MAX: usize = 8;
const ARRIVAL_WINDOW: Span = Span::hours(6);

/// Understands a text message; `None` where it is no answer to us.
pub fn from_text(text: &str) -> Option<Answer> {
    if text.len() > 200 {
        return None;
    }
    let words = words(text);
    if words.is_empty() || words.len() > WORDS_MAX {
        return None;
    }
    let has = |list: &[&str]| words.iter().any(|word| list.contains(&word.as_str()));
    let found = |meaning, explicit| Some(Answer { meaning, explicit, reservation_id: None });
    if has(&ARRIVE) {
        return if has(&NEGATION) { None } else { found(Meaning::Arrive, true) };
    }
    let only = |lists: [&[&str]; 2]| {
        let known = |word: &String| lists.iter().any(|list| list.contains(&word.as_str()));
        words.iter().any(known)
            && words.iter().all(|word| known(word) || COURTESY.contains(&word.as_str()))
    };
    if only([&CONFIRM_SHORT, &CONFIRM]) {
        return found(Meaning::Confirm, has(&CONFIRM));
    }
    if only([&CANCEL_SHORT, &CANCEL]) {
        return found(Meaning::Cancel, has(&CANCEL));
    }
    None
}

/// Understands the id of a pressed button, such as `confirm:RES-1`.
pub fn from_button(id: &str) -> Option<Answer> {
    let (verb, reservation_id) = id.split_once(':')?;
    let meaning = match verb {
        "confirm" => Meaning::Confirm,
        "cancel" => Meaning::Cancel,
        "arrive" => Meaning::Arrive,
        _ => return None,
    };
    let reservation_id = Some(reservation_id.to_owned());
    Some(Answer { meaning, explicit: true, reservation_id })
}

/// Which booking an answer is about: for 1 and 2 the soonest that was asked about and not answered.
///
/// "2" after "1" is a change of mind and finds the confirmed booking; "1" after "2" finds nothing,
/// since the table may be gone. An arrival finds the slot nearest to now.
pub fn choose<'a>(
    answer: &Answer,
    candidates: &'a [Candidate],
    now: Timestamp,
) -> Option<&'a Candidate> {
    if let Some(id) = &answer.reservation_id {
        return candidates.iter().find(|candidate| candidate.reservation_id == *id);
    }
    let soonest = |wanted: &dyn Fn(&Candidate) -> bool| {
        candidates
            .iter()
            .filter(|candidate| candidate.slot >= now && wanted(candidate))
            .min_by_key(|candidate| candidate.slot)
    };
    let unanswered = || soonest(&|c| c.asked && c.status == Status::Booked);
    let unasked = || soonest(&|c| answer.explicit && c.status == Status::Booked);
    let confirmed = || soonest(&|c| c.asked && c.status == Status::Confirmed);
    match answer.meaning {
        Meaning::Confirm => unanswered().or_else(unasked),
        Meaning::Cancel => unanswered().or_else(confirmed).or_else(unasked),
        Meaning::Arrive => {
            let distance = |c: &Candidate| c.slot.since(now).max(now.since(c.slot));
            let expected =
                |status| matches!(status, Status::Booked | Status::Confirmed | Status::NoShow);
            candidates
                .iter()
                .filter(|c| expected(c.status) && distance(c) <= ARRIVAL_WINDOW)
                .min_by_key(|c| distance(c))
        }
    }
}

/// The words of a text in lower case, without accents, marks and signs; keycap digits count as digits.
pub(crate) fn words(text: &str) -> Vec<String> {
    let plain: String = text
        .chars()
        .flat_map(char::to_lowercase)
        .map(|c| match c {
            'á' | 'à' | 'â' | 'ã' | 'ä' => 'a',
            'é' | 'è' | 'ê' | 'ë' => 'e',
            'í' | 'ì' | 'î' | 'ï' => 'i',
            'ó' | 'ò' | 'ô' | 'õ' | 'ö' => 'o',
            'ú' | 'ù' | 'û' | 'ü' => 'u',
            'ñ' => 'n',
            'ç' => 'c',
            other => other,
        })
        .filter(|c| !('\u{300}'..='\u{36f}').contains(c))
        .map(|c| if c.is_alphanumeric() { c } else { ' ' })
        .collect();
    plain.split_whitespace().map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a07_answers_are_understood_with_accents_capitals_and_manners() {
        for (text, meaning) in [
            ("1", Some(Meaning::Confirm)),
            (" 1. ", Some(Meaning::Confirm)),
            ("1️⃣", Some(Meaning::Confirm)),
            ("sí", Some(Meaning::Confirm)),
            ("SÍ!", Some(Meaning::Confirm)),
            ("si\u{301}, gracias", Some(Meaning::Confirm)),
            ("Confirmo por favor", Some(Meaning::Confirm)),
            ("2", Some(Meaning::Cancel)),
            ("No, gracias", Some(Meaning::Cancel)),
            ("CANCELAR la reserva", Some(Meaning::Cancel)),
            ("llegué", Some(Meaning::Arrive)),
            ("YA LLEGUÉ", Some(Meaning::Arrive)),
            ("hemos llegado", Some(Meaning::Arrive)),
            ("Estoy aquí", Some(Meaning::Arrive)),
            ("aún no llegué", None),
            ("12", None),
            ("1 2", None),
            ("somos 2 personas", None),
            ("sí pero más tarde", None),
            ("¿tenéis terraza?", None),
            ("", None),
        ] {
            assert_eq!(from_text(text).map(|answer| answer.meaning), meaning, "{text}");
        }
        assert_eq!(from_button("confirm:R:1").unwrap().reservation_id.as_deref(), Some("R:1"));
        assert_eq!(from_button("slot:1100"), None);
    }

    #[test]
    fn a07_an_answer_finds_the_soonest_booking_that_was_asked_and_not_answered() {
        let booking = |id: &str, hours: i64, status, asked| Candidate {
            reservation_id: id.to_owned(),
            status,
            slot: Timestamp(hours * 3_600_000),
            asked,
        };
        use Status::{Booked, Cancelled, Confirmed};
        let two = [booking("late", 5, Booked, true), booking("soon", 2, Booked, true)];
        let answered = [booking("late", 5, Booked, true), booking("soon", 2, Confirmed, true)];
        let unasked = [booking("only", 5, Booked, false)];
        let done = [booking("only", 5, Confirmed, true)];
        let gone = [booking("only", 5, Cancelled, true)];
        let past = [booking("only", -1, Booked, true)];
        for (text, bookings, expected) in [
            ("1", &two[..], Some("soon")),
            ("2", &two[..], Some("soon")),
            ("1", &answered[..], Some("late")),
            ("1", &unasked[..], None),
            ("2", &unasked[..], None),
            ("cancelar", &unasked[..], Some("only")),
            ("1", &done[..], None),
            ("2", &done[..], Some("only")),
            ("1", &gone[..], None),
            ("1", &past[..], None),
            ("llegué", &two[..], Some("soon")),
            ("llegué", &past[..], Some("only")),
            ("llegué", &gone[..], None),
        ] {
            let answer = from_text(text).unwrap();
            let chosen = choose(&answer, bookings, Timestamp(0));
            let chosen = chosen.map(|candidate| candidate.reservation_id.as_str());
            assert_eq!(chosen, expected, "{text} {bookings:?}");
        }
    }
}
