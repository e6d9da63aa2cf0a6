//! What customers are told, in their language and in the tenant's time zone.

mod commerce;

use jiff::civil::DateTime;
use serde::{Deserialize, Serialize};

pub use self::commerce::{low_stock, opted_in, opted_out, price_drop, sold_out};
use crate::calendar::when;
use crate::line::WhatsAppTemplate;
use crate::locale::Locale;

/// A message to a customer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// The text; enough alone where buttons are not shown.
    pub text: String,
    /// Quick answers, at most three.
    pub buttons: Vec<Button>,
    /// Name, time and party size, for a tenant that sends reminders as an approved template; empty
    /// for anything that is not a reminder. Of a template that a person chose, what fills its body.
    pub parameters: Vec<String>,
    /// The approved template as which it goes whatever it is about, where a person chose one.
    pub template: Option<Box<WhatsAppTemplate>>,
}

/// A quick answer under a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Button {
    /// What comes back when it is pressed, such as `confirm:RES-1`.
    pub id: String,
    /// What it says; at most 20 characters.
    pub title: String,
}

/// What a reminder speaks of.
#[derive(Debug, Clone, Copy)]
pub struct Visit<'a> {
    /// The reservation's id.
    pub id: &'a str,
    /// The slot on the tenant's wall.
    pub at: DateTime,
    /// Who booked.
    pub name: Option<&'a str>,
    /// Where.
    pub restaurant: Option<&'a str>,
    /// How many come.
    pub party_size: Option<u32>,
}

/// The first, long reminder and any other but the last: asks for an answer.
pub fn reminder(visit: Visit<'_>, locale: Locale) -> Message {
    let when = when(visit.at, locale);
    let hello = greeting(visit.name, locale);
    let place = place(visit.restaurant, locale);
    let people = people(visit.party_size, locale);
    let text = match locale {
        Locale::Es => format!(
            "{hello}Te recordamos tu reserva{place} el {when}{people}. \
             Responde 1 para confirmar o 2 para cancelar."
        ),
        Locale::En => format!(
            "{hello}This is a reminder of your booking{place} on {when}{people}. \
             Reply 1 to confirm or 2 to cancel."
        ),
        Locale::Pt => format!(
            "{hello}Lembramos a sua reserva{place} para {when}{people}. \
             Responda 1 para confirmar ou 2 para cancelar."
        ),
    };
    asking(text, visit, when, locale)
}

/// The last, short reminder, for who has not answered yet.
pub fn last_reminder(visit: Visit<'_>, locale: Locale) -> Message {
    let time = visit.at.strftime("%H:%M");
    let place = place(visit.restaurant, locale);
    let text = match locale {
        Locale::Es => {
            format!(
                "Tu reserva{place} es a las {time}. Responde 1 para confirmar o 2 para cancelar."
            )
        }
        Locale::En => {
            format!("Your booking{place} is at {time}. Reply 1 to confirm or 2 to cancel.")
        }
        Locale::Pt => {
            format!(
                "A sua reserva{place} é às {time}. Responda 1 para confirmar ou 2 para cancelar."
            )
        }
    };
    asking(text, visit, when(visit.at, locale), locale)
}

/// Thanks for a confirmation.
pub fn confirmed(locale: Locale) -> Message {
    plain(match locale {
        Locale::Es => "✅ Confirmada. ¡Te esperamos!",
        Locale::En => "✅ Confirmed. See you soon!",
        Locale::Pt => "✅ Confirmada. Até breve!",
    })
}

/// Acknowledges a cancellation.
pub fn cancelled(locale: Locale) -> Message {
    plain(match locale {
        Locale::Es => "❌ Cancelada. ¿Necesitas ayuda? Escríbenos por aquí.",
        Locale::En => "❌ Cancelled. Do you need help? Just write to us here.",
        Locale::Pt => "❌ Cancelada. Precisa de ajuda? Escreva-nos por aqui.",
    })
}

fn asking(text: String, visit: Visit<'_>, when: String, locale: Locale) -> Message {
    let (confirm, cancel) = match locale {
        Locale::Es => ("1 · Confirmar", "2 · Cancelar"),
        Locale::En => ("1 · Confirm", "2 · Cancel"),
        Locale::Pt => ("1 · Confirmar", "2 · Cancelar"),
    };
    let button = |verb: &str, title: &str| Button {
        id: format!("{verb}:{}", visit.id),
        title: title.to_owned(),
    };
    Message {
        text,
        buttons: vec![button("confirm", confirm), button("cancel", cancel)],
        parameters: vec![
            visit.name.unwrap_or("-").to_owned(),
            when,
            visit.party_size.map_or_else(|| "-".to_owned(), |size| size.to_string()),
        ],
        template: None,
    }
}

/// A message of words alone.
pub fn plain(text: &str) -> Message {
    let (buttons, parameters) = (Vec::new(), Vec::new());
    Message { text: text.to_owned(), buttons, parameters, template: None }
}

fn greeting(name: Option<&str>, locale: Locale) -> String {
    let Some(name) = name.filter(|name| !name.trim().is_empty()) else { return String::new() };
    match locale {
        Locale::Es => format!("Hola, {name}. "),
        Locale::En => format!("Hello {name}. "),
        Locale::Pt => format!("Olá, {name}. "),
    }
}

fn place(restaurant: Option<&str>, locale: Locale) -> String {
    let Some(restaurant) = restaurant.filter(|name| !name.trim().is_empty()) else {
        return String::new();
    };
    match locale {
        Locale::Es => format!(" en {restaurant}"),
        Locale::En => format!(" at {restaurant}"),
        Locale::Pt => format!(" em {restaurant}"),
    }
}

fn people(party_size: Option<u32>, locale: Locale) -> String {
    match (party_size, locale) {
        (None, _) => String::new(),
        (Some(1), Locale::Es) => ", 1 persona".to_owned(),
        (Some(1), Locale::En) => " for 1 person".to_owned(),
        (Some(1), Locale::Pt) => ", 1 pessoa".to_owned(),
        (Some(count), Locale::Es) => format!(", {count} personas"),
        (Some(count), Locale::En) => format!(" for {count} people"),
        (Some(count), Locale::Pt) => format!(", {count} pessoas"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn visit() -> Visit<'static> {
        Visit {
            id: "R-1",
            at: "2026-11-20T20:00:00".parse().unwrap(),
            name: Some("Ana"),
            restaurant: Some("La Trattoria"),
            party_size: Some(4),
        }
    }

    #[test]
    fn a05_the_reminder_asks_for_1_or_2_in_each_language() {
        assert_eq!(
            reminder(visit(), Locale::Es).text,
            "Hola, Ana. Te recordamos tu reserva en La Trattoria el viernes 20 de noviembre, 20:00, \
             4 personas. Responde 1 para confirmar o 2 para cancelar."
        );
        for (locale, hello) in [(Locale::En, "Hello Ana."), (Locale::Pt, "Olá, Ana.")] {
            let message = reminder(visit(), locale);
            assert!(message.text.starts_with(hello) && message.text.contains('1'), "{message:?}");
        }
        let ids: Vec<_> = reminder(visit(), Locale::Es).buttons.into_iter().map(|b| b.id).collect();
        assert_eq!(ids, ["confirm:R-1", "cancel:R-1"]);
    }

    #[test]
    fn what_is_not_known_is_not_said() {
        let bare = Visit { name: None, restaurant: None, party_size: None, ..visit() };
        assert_eq!(
            reminder(bare, Locale::En).text,
            "This is a reminder of your booking on Friday 20 November, 20:00. \
             Reply 1 to confirm or 2 to cancel."
        );
    }
}
