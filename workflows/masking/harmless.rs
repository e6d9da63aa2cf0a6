//! What of a payload nobody's name is in, by the name of its field: everything else that is a text is hidden, since
//! what a caller names as they please may hold anything.

use super::HIDDEN;
use super::digits::{holds_number, is_day};
use super::fields::is_birthday;
use super::ids::is_id;
use crate::answer::words;

// Fields whose texts say, in English, Spanish and Portuguese; names stand here as [`super::fields::plain`] makes them, ...

/// ... what something is, how it stands, on which road and in which words it came, ...
const STATES: [&str; 93] = [
    "type",
    "tipo",
    "eventtype",
    "becauseof",
    "becauseoftype",
    "replyto",
    "kind",
    "mimetype",
    "contenttype",
    "format",
    "formato",
    "encoding",
    "algorithm",
    "schema",
    "version",
    "versao",
    "apiversion",
    "messagingproduct",
    "object",
    "method",
    "action",
    "actions",
    "accion",
    "acao",
    "event",
    "evento",
    "change",
    "field",
    "trigger",
    "rule",
    "metric",
    "comparison",
    "alert",
    "reminder",
    "endedby",
    "status",
    "estado",
    "state",
    "stage",
    "phase",
    "result",
    "resultado",
    "outcome",
    "success",
    "ok",
    "code",
    "codigo",
    "errorcode",
    "errortype",
    "fault",
    "cause",
    "severity",
    "level",
    "nivel",
    "priority",
    "snoozeduntil",
    "wokenby",
    "prioridad",
    "prioridade",
    "availability",
    "disponibilidad",
    "disponibilidade",
    "sentiment",
    "intent",
    "intents",
    "lastintent",
    "channel",
    "canal",
    "direction",
    "source",
    "sourcetype",
    "origin",
    "origen",
    "origem",
    "medium",
    "entrypoint",
    "provider",
    "proveedor",
    "platform",
    "plataforma",
    "device",
    "browser",
    "queue",
    "template",
    "plantilla",
    "role",
    "locale",
    "language",
    "lang",
    "idioma",
    "country",
    "countrycode",
    "pais",
];
/// ... when, ...
const TIMES: [&str; 27] = [
    "time",
    "timestamp",
    "date",
    "datetime",
    "fecha",
    "hora",
    "horario",
    "day",
    "dia",
    "month",
    "mes",
    "year",
    "ano",
    "week",
    "weekday",
    "since",
    "until",
    "desde",
    "hasta",
    "ate",
    "window",
    "duration",
    "duracion",
    "duracao",
    "timezone",
    "turno",
    "shift",
];
/// ... how much, ...
const AMOUNTS: [&str; 37] = [
    "count",
    "cantidad",
    "quantidade",
    "quantity",
    "qty",
    "amount",
    "importe",
    "monto",
    "valor",
    "total",
    "totals",
    "subtotal",
    "tax",
    "price",
    "precio",
    "preco",
    "oldprice",
    "newprice",
    "discount",
    "descuento",
    "desconto",
    "stock",
    "newstock",
    "threshold",
    "measured",
    "percent",
    "size",
    "partysize",
    "personas",
    "pessoas",
    "comensales",
    "currency",
    "moneda",
    "moeda",
    "unit",
    "units",
    "rating",
];
/// ... and which thing is meant, that may be called by two words: `La Trattoria`.
const NAMED: [&str; 32] = [
    "restaurant",
    "restaurante",
    "store",
    "tienda",
    "loja",
    "venue",
    "branch",
    "sucursal",
    "place",
    "zone",
    "zona",
    "area",
    "room",
    "sala",
    "table",
    "mesa",
    "product",
    "producto",
    "produto",
    "category",
    "categoria",
    "plan",
    "tier",
    "brand",
    "marca",
    "color",
    "colour",
    "department",
    "departamento",
    "campaign",
    "campana",
    "campanha",
];

/// What the name of a thing is called.
const CALLED: [&str; 4] = ["name", "nombre", "nome", "title"];
/// As many words a name of one may have; what has more may be a sentence of somebody's.
const NAME_WORDS_MAX: usize = 2;
/// No word of these fields is as long.
const WORD_CHARS_MAX: usize = 64;
/// No sign of a unit is as long, ...
const UNIT_CHARS_MAX: usize = 3;
/// ... and no word beside a figure.
const UNIT_LETTERS_MAX: usize = 12;
/// As many digits as a telephone number does not have.
const FIGURE_DIGITS_MAX: usize = 6;

/// Whether a text of a payload may be shown, as far as it does not look like a number or an address: a figure, the name of a
/// thing, and in a field that is known to be harmless a word by itself. What has several may be a sentence of somebody's.
pub(super) fn is_harmless((field, plain): (&str, &str), text: &str, is_of_thing: bool) -> bool {
    if is_figure(text) || is_harmless_field(plain) && is_measured(text) {
        return true;
    }
    if text.chars().count() > WORD_CHARS_MAX {
        return false;
    }
    is_of_thing && CALLED.contains(&plain)
        || is_one_word(text) && (is_harmless_field(plain) || names_id(field, plain))
        || text.split_whitespace().count() <= NAME_WORDS_MAX && names_thing(plain)
}

fn is_harmless_field(plain: &str) -> bool {
    [&STATES[..], &TIMES, &AMOUNTS, &NAMED].iter().any(|list| list.contains(&plain))
}

/// Whether what stands under this name is a thing, and its name that of a thing.
pub(super) fn is_named_thing(plain: &str) -> bool {
    NAMED.contains(&plain)
}

/// Whether a field is the name of a thing: `restaurant`, `restaurant_name`.
fn names_thing(plain: &str) -> bool {
    is_named_thing(plain)
        || CALLED.iter().any(|called| plain.strip_suffix(called).is_some_and(is_named_thing))
}

/// Whether a text is a moment because its field says when something was: a day as people write it, or seconds or
/// milliseconds since 1970.
pub(super) fn is_time(field: &str, text: &str) -> bool {
    let is_stamp = || {
        [10, 13].contains(&text.len())
            && text.starts_with('1')
            && text.bytes().all(|byte| byte.is_ascii_digit())
    };
    words(field).iter().any(|word| TIMES.contains(&word.as_str())) && (is_day(text) || is_stamp())
}

/// A figure with its unit, or what it counts: `12.50 EUR`, `2 h`, `2 horas`, `Mesa 4`.
fn is_measured(text: &str) -> bool {
    let is_unit = |unit: &str| match unit.chars().count() {
        1..=UNIT_CHARS_MAX => true,
        0..=UNIT_LETTERS_MAX => unit.chars().all(char::is_alphabetic),
        _ => false,
    };
    let is_both =
        |(one, other)| is_figure(one) && is_unit(other) || is_unit(one) && is_figure(other);
    text.split_once(' ').is_some_and(is_both)
}

/// Whether a text that stands under the name of an id may be one.
pub(super) fn is_one_word(text: &str) -> bool {
    !text.contains(char::is_whitespace)
}

/// Whether a text is a word by which programs call something: `reservar_mesa`, and no sentence of somebody's.
pub(super) fn is_label(text: &str) -> bool {
    let is_letter =
        |letter: char| letter.is_lowercase() || letter.is_ascii_digit() || "_-.:".contains(letter);
    text.chars().count() <= WORD_CHARS_MAX && text.chars().all(is_letter)
}

/// Whether a number of a payload may be somebody's: it has as many digits as one, and no word in the name of its
/// field says that something is counted or when it was.
pub(super) fn is_number_of_somebody(field: &str, number: &str) -> bool {
    let whole = number.split_once('.').map_or(number, |(whole, _)| whole);
    let digits = whole.bytes().filter(u8::is_ascii_digit).count();
    let words = words(field);
    let is_in = |list: &[&str]| words.iter().any(|word| list.contains(&word.as_str()));
    let is_counted = is_in(&TIMES) || is_in(&AMOUNTS) || is_in(&MEASURED);
    let is_word = is_in(&STATES) || is_in(&NAMED);
    is_birthday(field)
        || digits > FIGURE_DIGITS_MAX
            && (is_in(&NUMBERED) || !is_counted && (!is_word || holds_number(number)))
}

/// Words in the names of fields by whose numbers somebody is known, whatever else stands there, ...
const NUMBERED: [&str; 9] =
    ["number", "numero", "num", "document", "documento", "dni", "nif", "nie", "cpf"];
/// ... and of those that measure something.
const MEASURED: [&str; 8] = ["ms", "ts", "seconds", "bytes", "length", "sum", "sequence", "at"];

/// `orderId` is an id like `order_id`; `paid` is none, which no digit tells.
fn names_id(field: &str, plain: &str) -> bool {
    is_id(field) || plain.ends_with("id") || plain.ends_with("ids")
}

/// A number, a share, a time of day or a day that is written as a text.
fn is_figure(text: &str) -> bool {
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    digits <= FIGURE_DIGITS_MAX
        && text.len() <= 2 * FIGURE_DIGITS_MAX
        && text.bytes().all(|byte| byte.is_ascii_digit() || b" .,:%+-/".contains(&byte))
}

/// The name of a field, which stays, unless somebody is called by it.
pub(super) fn shown_name(name: String, hide: impl Fn(&str) -> String) -> String {
    let digits = || name.bytes().filter(u8::is_ascii_digit).count();
    if !name.contains('@') && digits() <= FIGURE_DIGITS_MAX {
        return name;
    }
    let shown = hide(&name);
    if holds_number(&shown) { HIDDEN.to_owned() } else { shown }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::masking::fields::plain;

    #[test]
    fn e01_each_harmless_field_stands_once_and_as_it_is_looked_for() {
        let all = [&STATES[..], &TIMES, &AMOUNTS, &NAMED].concat();
        for (at, name) in all.iter().enumerate() {
            assert_eq!(plain(name), *name);
            assert!(!all.iter().take(at).any(|before| before == name), "{name}");
        }
    }

    #[test]
    fn e01_figures_are_no_numbers_of_telephones() {
        for text in ["12.50", "20:00", "101", "50 %", "20/01/26", "-3"] {
            assert!(is_figure(text), "{text}");
        }
        for text in ["600 000 012", "6000000", "12 a", "B-12"] {
            assert!(!is_figure(text), "{text}");
        }
    }

    #[test]
    fn e01_a_figure_may_have_a_word_beside_it() {
        for text in ["12.50 EUR", "2 h", "2 horas", "Mesa 4", "4 %"] {
            assert!(is_measured(text), "{text}");
        }
        for text in
            ["Mesa de Ana", "Ana Pérez", "2 horas y media", "1234567 horas", "4 Garrapinillos"]
        {
            assert!(!is_measured(text), "{text}");
        }
    }
}
