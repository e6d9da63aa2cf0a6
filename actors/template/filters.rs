//! The filters of templates: times on the tenant's wall, numbers as its language writes them, and a few
//! for texts and lists.
//!
//! None fails for want of a value: what is not there stays empty, and what is no time or number is
//! written as it is.

use minijinja::{Environment, Error, ErrorKind, State, Value, filters, tests};
use sereno_workflows::calendar;
use sereno_workflows::locale::Locale;
use sereno_workflows::time::{self, Timestamp};

use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use crate::limits::TEMPLATE_OUTPUT_BYTES_MAX;

/// The filters, by name.
pub(super) const FILTERS: [&str; 15] = [
    "capitalize",
    "date",
    "datetime",
    "day",
    "default",
    "first",
    "join",
    "last",
    "length",
    "lower",
    "money",
    "number",
    "time",
    "trim",
    "upper",
];

/// The tests, by name.
pub(super) const TESTS: [&str; 2] = ["defined", "undefined"];

pub(super) fn add(environment: &mut Environment<'static>) {
    environment.add_filter("capitalize", filters::capitalize);
    environment.add_filter("date", date);
    environment.add_filter("datetime", datetime);
    environment.add_filter("day", day);
    environment.add_filter("default", filters::default);
    environment.add_filter("first", first);
    environment.add_filter("join", join);
    environment.add_filter("last", last);
    environment.add_filter("length", length);
    environment.add_filter("lower", filters::lower);
    environment.add_filter("money", money);
    environment.add_filter("number", number);
    environment.add_filter("time", time_of_day);
    environment.add_filter("trim", filters::trim);
    environment.add_filter("upper", filters::upper);
    environment.add_test("defined", tests::is_defined);
    environment.add_test("undefined", tests::is_undefined);
}

/// What is missing has no items.
fn length(value: &Value) -> Result<usize, Error> {
    if value.is_undefined() || value.is_none() { Ok(0) } else { filters::length(value) }
}

fn first(value: &Value) -> Result<Value, Error> {
    if value.is_undefined() || value.is_none() {
        return Ok(Value::UNDEFINED);
    }
    filters::first(value)
}

fn last(value: &Value) -> Result<Value, Error> {
    if value.is_undefined() || value.is_none() {
        return Ok(Value::UNDEFINED);
    }
    filters::last(value.clone())
}

fn date(state: &State, value: &Value) -> String {
    on_the_wall(state, value, |at, locale| calendar::date(at.date(), locale))
}

fn time_of_day(state: &State, value: &Value) -> String {
    on_the_wall(state, value, |at, _| calendar::time(at))
}

fn datetime(state: &State, value: &Value) -> String {
    on_the_wall(state, value, calendar::when)
}

/// `hoy`, `mañana`, the name of one of the next days, or the date.
fn day(state: &State, value: &Value) -> String {
    let zone = zone(state);
    let now = Timestamp::from_rfc3339(&text_of(state, "now")).unwrap_or_default().wall(&zone);
    on_the_wall(state, value, |at, locale| calendar::day(at.date(), now.date(), locale))
}

/// `1.234,5`: as it is, or with so many decimals.
fn number(state: &State, value: &Value, decimals: Option<u8>) -> String {
    match amount(value) {
        None => plain(value),
        Some(amount) => match decimals {
            None => grouped(&amount.to_string(), locale(state)),
            Some(decimals) => {
                let decimals = usize::from(decimals.min(6));
                grouped(&format!("{amount:.decimals$}"), locale(state))
            }
        },
    }
}

/// `1.234,50 EUR`.
fn money(state: &State, value: &Value, currency: Option<String>) -> String {
    let Some(amount) = amount(value) else { return plain(value) };
    let currency = currency.map(|code| format!("\u{a0}{code}")).unwrap_or_default();
    format!("{}{currency}", grouped(&format!("{amount:.2}"), locale(state)))
}

/// The items of a list one after the other.
fn join(value: &Value, between: Option<String>) -> Result<String, Error> {
    let between = between.unwrap_or_default();
    let mut all = String::new();
    if value.is_undefined() || value.is_none() {
        return Ok(all);
    }
    for (index, item) in value.try_iter()?.enumerate() {
        if index > 0 {
            all.push_str(&between);
        }
        all.push_str(&plain(&item));
        if all.len() > TEMPLATE_OUTPUT_BYTES_MAX {
            return Err(Error::new(ErrorKind::InvalidOperation, "joined, it is too long"));
        }
    }
    Ok(all)
}

fn on_the_wall(
    state: &State,
    value: &Value,
    write: impl FnOnce(DateTime, Locale) -> String,
) -> String {
    let text = plain(value);
    let zone = zone(state);
    match Timestamp::from_text(&text, &zone) {
        Ok(at) => write(at.wall(&zone), locale(state)),
        Err(_) => text,
    }
}

/// Digits in groups of three, with the marks of the language.
fn grouped(number: &str, locale: Locale) -> String {
    let (group, mark) = match locale {
        Locale::Es | Locale::Pt => ('.', ','),
        Locale::En => (',', '.'),
    };
    let (sign, digits) = number.strip_prefix('-').map_or(("", number), |rest| ("-", rest));
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let mut out = sign.to_owned();
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index).is_multiple_of(3) {
            out.push(group);
        }
        out.push(digit);
    }
    if !fraction.is_empty() {
        out.push(mark);
        out.push_str(fraction);
    }
    out
}

/// A number that can be written in digits.
fn amount(value: &Value) -> Option<f64> {
    let number = match value.as_str() {
        Some(text) => text.trim().parse().ok(),
        None => f64::try_from(value.clone()).ok(),
    };
    number.filter(|number: &f64| number.abs() < 1e15)
}

fn plain(value: &Value) -> String {
    match value.as_str() {
        Some(text) => text.to_owned(),
        None if value.is_undefined() || value.is_none() || value.as_object().is_some() => {
            String::new()
        }
        None => value.to_string(),
    }
}

fn locale(state: &State) -> Locale {
    text_of(state, "locale").parse().unwrap_or_default()
}

fn zone(state: &State) -> TimeZone {
    time::zone(&text_of(state, "timezone")).unwrap_or(TimeZone::UTC)
}

fn text_of(state: &State, name: &str) -> String {
    state.lookup(name).map(|value| plain(&value)).unwrap_or_default()
}
