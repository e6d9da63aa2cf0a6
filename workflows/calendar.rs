//! How people write moments, in each language: `viernes 20 de noviembre, 20:00`.

use jiff::civil::{Date, DateTime};

use crate::locale::Locale;

const ES: ([&str; 7], [&str; 12]) = (
    ["lunes", "martes", "miércoles", "jueves", "viernes", "sábado", "domingo"],
    [
        "enero",
        "febrero",
        "marzo",
        "abril",
        "mayo",
        "junio",
        "julio",
        "agosto",
        "septiembre",
        "octubre",
        "noviembre",
        "diciembre",
    ],
);
const EN: ([&str; 7], [&str; 12]) = (
    ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"],
    [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ],
);
const PT: ([&str; 7], [&str; 12]) = (
    ["segunda", "terça", "quarta", "quinta", "sexta", "sábado", "domingo"],
    [
        "janeiro",
        "fevereiro",
        "março",
        "abril",
        "maio",
        "junho",
        "julho",
        "agosto",
        "setembro",
        "outubro",
        "novembro",
        "dezembro",
    ],
);

/// A day and a time, such as `viernes 20 de noviembre, 20:00`.
pub fn when(at: DateTime, locale: Locale) -> String {
    format!("{}, {}", date(at.date(), locale), time(at))
}

/// A day, such as `viernes 20 de noviembre`.
pub fn date(date: Date, locale: Locale) -> String {
    format!("{} {}", weekday(date, locale), day_and_month(date, locale))
}

/// A day without its name, such as `20 de noviembre`.
pub fn day_and_month(date: Date, locale: Locale) -> String {
    let day = date.day();
    let index = usize::try_from(date.month() - 1).unwrap_or_default();
    let month = names(locale).1.get(index).copied().unwrap_or_default();
    match locale {
        Locale::Es | Locale::Pt => format!("{day} de {month}"),
        Locale::En => format!("{day} {month}"),
    }
}

/// A time of day, such as `20:00`.
pub fn time(at: DateTime) -> String {
    at.strftime("%H:%M").to_string()
}

/// The name of a day of the week.
pub fn weekday(date: Date, locale: Locale) -> &'static str {
    let index = usize::try_from(date.weekday().to_monday_zero_offset()).unwrap_or_default();
    names(locale).0.get(index).copied().unwrap_or_default()
}

/// A day as people call it who speak on `today`: yesterday, today, tomorrow, the name of one of the
/// next days, and the whole date of any other.
pub fn day(date: Date, today: Date, locale: Locale) -> String {
    let [yesterday, now, tomorrow] = match locale {
        Locale::Es => ["ayer", "hoy", "mañana"],
        Locale::En => ["yesterday", "today", "tomorrow"],
        Locale::Pt => ["ontem", "hoje", "amanhã"],
    };
    let days = date.since(today).map_or(i32::MAX, |span| span.get_days());
    let word = match days {
        -1 => yesterday,
        0 => now,
        1 => tomorrow,
        2..=6 => weekday(date, locale),
        _ => return self::date(date, locale),
    };
    word.to_owned()
}

fn names(locale: Locale) -> ([&'static str; 7], [&'static str; 12]) {
    match locale {
        Locale::Es => ES,
        Locale::En => EN,
        Locale::Pt => PT,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn f08_days_are_called_as_people_call_them() {
        let today = jiff::civil::date(2026, 11, 20);
        let far = |days: i64| today.checked_add(jiff::Span::new().days(days)).unwrap();
        for (days, es, en, pt) in [
            (-2, "miércoles 18 de noviembre", "Wednesday 18 November", "quarta 18 de novembro"),
            (-1, "ayer", "yesterday", "ontem"),
            (0, "hoy", "today", "hoje"),
            (1, "mañana", "tomorrow", "amanhã"),
            (6, "jueves", "Thursday", "quinta"),
            (7, "viernes 27 de noviembre", "Friday 27 November", "sexta 27 de novembro"),
            (400, "sábado 25 de diciembre", "Saturday 25 December", "sábado 25 de dezembro"),
        ] {
            for (locale, expected) in [(Locale::Es, es), (Locale::En, en), (Locale::Pt, pt)] {
                assert_eq!(day(far(days), today, locale), expected);
            }
        }
        let evening = today.at(20, 5, 0, 0);
        assert_eq!(when(evening, Locale::Pt), "sexta 20 de novembro, 20:05");
    }
}
