//! Bars for the seven days of a week: where each stands, in which colour, and what it says in words.
//!
//! A picture is rectangles on whole pixels and nothing else. Names and numbers stand under it as text, so it
//! needs no font, stays readable where pictures are blocked, and is two kilobytes as PNG. It is drawn for
//! screens with two pixels for one, and has no background, so that it suits bright and dark.

use super::figures::{DayFigures, Report};
use super::words::{
    ANSWER_MOST, ARRIVED_ATTEMPTS, BEFORE, BOOKINGS, DELIVERIES, EVENTS, FAILED, SHADE,
    SHADE_FAILED, THIS_WEEK, UNKNOWN, Words, day, number, pick, time,
};
use crate::locale::Locale;

/// Pixels of a picture, which is shown at half of that.
pub const WIDTH: u32 = 1_120;
/// Its height.
pub const HEIGHT: u32 = 280;
/// Pixels of one day.
const DAY: u32 = WIDTH / 7;
/// Pixels of one bar.
const BAR: u32 = 44;
/// Between two bars of one day.
const GAP: u32 = 8;
/// The line on which the bars stand.
const LINE: u32 = 4;

/// A colour that is seen on bright and on dark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Colour {
    /// The week itself.
    Strong,
    /// The week before.
    Pale,
    /// What failed.
    Bad,
    /// The line below.
    Line,
}

impl Colour {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Strong, Self::Pale, Self::Bad, Self::Line];

    /// Red, green and blue.
    pub fn rgb(self) -> [u8; 3] {
        match self {
            Self::Strong => [0x3b, 0x76, 0xe8],
            Self::Pale => [0xa9, 0xc4, 0xf4],
            Self::Bad => [0xdc, 0x3f, 0x3f],
            Self::Line => [0x9c, 0xa3, 0xaf],
        }
    }
}

/// A rectangle, in pixels from the top left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "they say what they are")]
pub struct Bar {
    pub x: u32,
    pub y: u32,
    pub width: u32,
    pub height: u32,
    pub colour: Colour,
}

/// A chart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chart {
    /// Its name, in small letters.
    pub name: &'static str,
    /// What it shows, for who cannot see it.
    pub alt: String,
    /// What its colours mean.
    pub legend: String,
    /// Each day in a few letters, and its value.
    pub days: Vec<(String, String)>,
    /// What is drawn.
    pub bars: Vec<Bar>,
}

impl Chart {
    /// The picture as SVG.
    pub fn svg(&self) -> String {
        let bar = |bar: &Bar| {
            let [red, green, blue] = bar.colour.rgb();
            let Bar { x, y, width, height, .. } = bar;
            format!(
                "<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" \
                 fill=\"#{red:02x}{green:02x}{blue:02x}\"/>"
            )
        };
        let bars: String = self.bars.iter().map(bar).collect();
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{}\" height=\"{}\" \
             viewBox=\"0 0 {WIDTH} {HEIGHT}\" shape-rendering=\"crispEdges\">{bars}</svg>",
            WIDTH / 2,
            HEIGHT / 2
        )
    }
}

/// The charts of a report: events and deliveries where anything was counted, the others where there is something
/// to show.
pub fn charts(report: &Report) -> Vec<Chart> {
    if report.counted().is_none() {
        return Vec::new();
    }
    let mut charts = vec![events(report)];
    let days = &report.days;
    let booked = |day: &DayFigures| [day.reservations_created, day.reservations_before];
    if days.iter().flat_map(booked).any(|count| count.is_some_and(|count| count > 0)) {
        charts.push(bookings(report));
    }
    if days.iter().any(|day| day.answer_p95_ms.is_some()) {
        charts.push(answers(report));
    }
    charts.push(deliveries(report));
    charts
}

fn events(report: &Report) -> Chart {
    let values = |day: &DayFigures| (day.events, day.events_before);
    compared(report, ("events", EVENTS), values)
}

fn bookings(report: &Report) -> Chart {
    let values = |day: &DayFigures| (day.reservations_created, day.reservations_before);
    compared(report, ("reservations", BOOKINGS), values)
}

/// Two bars a day: the week before and this one.
fn compared(
    report: &Report,
    (name, title): (&'static str, Words),
    values: impl Fn(&DayFigures) -> (Option<u64>, Option<u64>),
) -> Chart {
    let locale = report.locale;
    let most = report.days.iter().map(|day| {
        let (now, before) = values(day);
        now.max(before).unwrap_or_default()
    });
    let most = most.max().unwrap_or_default();
    let mut drawing = Drawing::default();
    let (mut days, mut said) = (Vec::new(), Vec::new());
    for (place, one) in (0..).zip(report.days.iter().take(7)) {
        let (now, before) = values(one);
        let tall = height(now.unwrap_or_default(), most);
        match before {
            Some(before) => {
                drawing.bar(place, -1, 0, height(before, most), Colour::Pale);
                drawing.bar(place, 1, 0, tall, Colour::Strong);
            }
            None => drawing.bar(place, 0, 0, tall, Colour::Strong),
        }
        let label = day(&one.date, locale);
        let value = written(one, now.map(|now| number(now, locale)), locale);
        said.push(match before {
            Some(before) => format!("{label}: {value} ({})", number(before, locale)),
            None => format!("{label}: {value}"),
        });
        days.push((label, value));
    }
    let is_compared = report.days.iter().any(|day| values(day).1.is_some());
    let legend = if is_compared { pick(locale, SHADE).to_owned() } else { String::new() };
    let before = if is_compared { format!(" ({})", pick(locale, BEFORE)) } else { String::new() };
    let head = format!("{} · {}{before}", pick(locale, title), pick(locale, THIS_WEEK));
    Chart { name, alt: format!("{head}. {}", said.join("; ")), legend, days, bars: drawing.done() }
}

/// What stands under a day: a dot before it comes, words where nothing of it was counted.
fn written(day: &DayFigures, value: Option<String>, locale: Locale) -> String {
    match value {
        _ if day.to_come => "·".to_owned(),
        Some(value) => value,
        None => pick(locale, UNKNOWN).to_owned(),
    }
}

/// What arrived, and on top of it what failed.
fn deliveries(report: &Report) -> Chart {
    let locale = report.locale;
    let both = |day: &DayFigures| day.deliveries_sent.zip(day.deliveries_failed);
    let all = |day: &DayFigures| both(day).map_or(0, |(sent, failed)| sent.saturating_add(failed));
    let most = report.days.iter().map(all).max().unwrap_or_default();
    let mut drawing = Drawing::default();
    let (mut days, mut said) = (Vec::new(), Vec::new());
    for (place, one) in (0..).zip(report.days.iter().take(7)) {
        let (arrived, broken) = both(one).unwrap_or_default();
        let sent = height(arrived, most);
        let failed = height(broken, most).min(ROOM.saturating_sub(sent));
        drawing.bar(place, 0, 0, sent, Colour::Strong);
        drawing.bar(place, 0, sent, failed, Colour::Bad);
        let label = day(&one.date, locale);
        let told = both(one).map(|_| [arrived, broken].map(|count| number(count, locale)));
        let whole = told.as_ref().map(|[arrived, broken]| format!("{arrived} / {broken}"));
        said.push(format!("{label}: {}", written(one, whole.clone(), locale)));
        let short = told.map(|[arrived, _]| arrived).filter(|_| broken == 0);
        days.push((label, written(one, short.or(whole), locale)));
    }
    let (title, sent, failed) =
        (pick(locale, DELIVERIES), pick(locale, ARRIVED_ATTEMPTS), pick(locale, FAILED));
    let alt = format!("{title} · {sent} / {failed}. {}", said.join("; "));
    let legend = pick(locale, SHADE_FAILED).to_owned();
    Chart { name: "deliveries", alt, legend, days, bars: drawing.done() }
}

fn answers(report: &Report) -> Chart {
    let locale = report.locale;
    let most = report.days.iter().filter_map(|day| day.answer_p95_ms).max().unwrap_or_default();
    let mut drawing = Drawing::default();
    let (mut days, mut said) = (Vec::new(), Vec::new());
    for (place, one) in (0..).zip(report.days.iter().take(7)) {
        let p95 = one.answer_p95_ms;
        drawing.bar(place, 0, 0, height(p95.unwrap_or_default(), most), Colour::Strong);
        let label = day(&one.date, locale);
        // That nobody was answered on a day is no gap in what is known.
        let value = match p95 {
            Some(p95) => time(p95, locale),
            None if one.events.is_some() => "·".to_owned(),
            None => written(one, None, locale),
        };
        said.push(format!("{label}: {value}"));
        days.push((label, value));
    }
    let alt = format!("{}. {}", pick(locale, ANSWER_MOST), said.join("; "));
    Chart { name: "answers", alt, legend: String::new(), days, bars: drawing.done() }
}

/// The height of the tallest bar.
const ROOM: u32 = HEIGHT - LINE - 8;

/// The height of a bar; what is not nothing is seen.
fn height(value: u64, most: u64) -> u32 {
    if value == 0 || most == 0 {
        return 0;
    }
    let height = u128::from(ROOM) * u128::from(value) / u128::from(most);
    u32::try_from(height).unwrap_or(ROOM).clamp(3, ROOM)
}

/// Bars in the making.
#[derive(Default)]
struct Drawing {
    bars: Vec<Bar>,
}

impl Drawing {
    /// Adds a bar of a day: left of its middle, on it or right of it, so far above the line.
    fn bar(&mut self, day: u32, side: i32, above: u32, height: u32, colour: Colour) {
        if height == 0 {
            return;
        }
        let middle = day * DAY + DAY / 2;
        let x = match side {
            -1 => middle - GAP / 2 - BAR,
            0 => middle - BAR / 2,
            _ => middle + GAP / 2,
        };
        let y = HEIGHT - LINE - above - height;
        self.bars.push(Bar { x, y, width: BAR, height, colour });
    }

    fn done(mut self) -> Vec<Bar> {
        let line = Bar { x: 0, y: HEIGHT - LINE, width: WIDTH, height: LINE, colour: Colour::Line };
        self.bars.push(line);
        self.bars
    }
}

#[cfg(test)]
mod tests {
    use super::super::figures::Totals;
    use super::*;

    fn week(values: [(u64, u64, u64); 7]) -> Report {
        let day = |(index, (events, sent, failed)): (usize, (u64, u64, u64))| DayFigures {
            date: format!("2026-11-{}", 16 + index),
            events: Some(events),
            events_before: Some(events / 2),
            deliveries_sent: Some(sent),
            deliveries_failed: Some(failed),
            ..DayFigures::default()
        };
        let days = values.into_iter().enumerate().map(day).collect();
        Report { days, totals: Some(Totals::default()), ..Report::default() }
    }

    #[test]
    fn c04_bars_stand_on_the_line_inside_the_picture_and_none_hides_another() {
        let huge = u64::MAX / 2;
        for values in [
            [(0, 0, 0); 7],
            [(10, 10, 0), (5, 5, 5), (1, 1, 9), (0, 0, 1), (7, 0, 10), (2, 3, 4), (10, 10, 0)],
            [
                (huge, huge, huge),
                (1, 1, 1),
                (0, 0, 0),
                (0, 0, 0),
                (0, 0, 0),
                (0, 0, 0),
                (huge, 0, 9),
            ],
        ] {
            for chart in charts(&week(values)) {
                for bar in &chart.bars {
                    assert!(bar.x + bar.width <= WIDTH && bar.y + bar.height <= HEIGHT, "{bar:?}");
                }
                for (place, a) in chart.bars.iter().enumerate() {
                    for b in chart.bars.iter().skip(place + 1) {
                        let apart = a.x + a.width <= b.x
                            || b.x + b.width <= a.x
                            || a.y + a.height <= b.y
                            || b.y + b.height <= a.y;
                        assert!(apart, "{a:?} and {b:?} of {}", chart.name);
                    }
                }
                assert_eq!(chart.days.len(), 7);
            }
        }
    }

    #[test]
    fn c04_a_chart_says_in_words_what_it_shows() {
        let report =
            week([(10, 9, 1), (5, 5, 0), (1, 1, 0), (0, 0, 0), (7, 7, 0), (2, 2, 0), (3, 3, 0)]);
        let charts = charts(&report);
        let names: Vec<_> = charts.iter().map(|chart| chart.name).collect();
        assert_eq!(names, ["events", "deliveries"]);
        assert!(charts[0].alt.contains("lun 16: 10 (5); mar 17: 5 (2)"), "{}", charts[0].alt);
        assert!(charts[1].alt.contains("lun 16: 9 / 1"), "{}", charts[1].alt);
        assert_eq!(charts[1].days[0], ("lun 16".to_owned(), "9 / 1".to_owned()));
        let svg = charts[0].svg();
        assert!(svg.starts_with("<svg ") && svg.matches("<rect ").count() == 5 + 6 + 1, "{svg}");
    }
}
