//! What a bench found, as a table for people and as JSON for scripts.

use serde_json::{Value, json};

use super::plot::Chart;

/// What a bench found.
pub(super) struct Report {
    /// The bench's name.
    pub(super) bench: &'static str,
    /// What was done, in a line.
    pub(super) title: String,
    /// What is judged.
    pub(super) figures: Vec<Figure>,
    /// Rows of their own, where one line for each figure does not do.
    pub(super) table: Option<Table>,
    /// What must be known to read it.
    pub(super) notes: Vec<String>,
    /// The same for the eye.
    pub(super) chart: Chart,
    /// What only the JSON has.
    pub(super) details: Value,
}

/// One measured value, with what it is to be and what it could be.
pub(super) struct Figure {
    /// What was measured.
    pub(super) name: String,
    /// The value; `None` where it cannot be known, as the memory of a server elsewhere.
    pub(super) value: Option<f64>,
    /// Its unit, as it stands behind the number.
    pub(super) unit: &'static str,
    /// What it must be.
    pub(super) bar: Option<Bar>,
    /// What it could be at best.
    pub(super) limit: Option<f64>,
}

/// What a value must be.
#[derive(Debug, Clone, Copy)]
pub(super) enum Bar {
    /// This or more.
    AtLeast(f64),
    /// This or less.
    AtMost(f64),
}

impl Bar {
    fn met(self, value: f64) -> bool {
        match self {
            Self::AtLeast(bar) => value >= bar,
            Self::AtMost(bar) => value <= bar,
        }
    }
}

/// Rows under a head; the first column is text, the others are numbers.
pub(super) struct Table {
    pub(super) head: Vec<String>,
    pub(super) rows: Vec<Vec<String>>,
}

impl Figure {
    /// A value without anything to compare it with.
    pub(super) fn new(name: impl Into<String>, value: Option<f64>, unit: &'static str) -> Self {
        Self { name: name.into(), value, unit, bar: None, limit: None }
    }

    /// The same, with what it must be.
    pub(super) fn bar(self, bar: Bar) -> Self {
        Self { bar: Some(bar), ..self }
    }

    /// The same, with what it could be at best.
    pub(super) fn limit(self, limit: f64) -> Self {
        Self { limit: Some(limit), ..self }
    }

    fn row(&self) -> Vec<String> {
        let with_unit = |value: f64| format!("{}{}", number(value), self.unit);
        let bar = self.bar.map(|bar| match bar {
            Bar::AtLeast(value) => format!("≥ {}", with_unit(value)),
            Bar::AtMost(value) => format!("≤ {}", with_unit(value)),
        });
        let verdict = match (self.bar, self.value) {
            (Some(bar), Some(value)) if bar.met(value) => "holds",
            (Some(_), Some(_)) => "MISSED",
            (_, _) => "",
        };
        let value = self.value.map_or_else(|| "not known".to_owned(), with_unit);
        let limit = self.limit.map(with_unit).unwrap_or_default();
        vec![self.name.clone(), value, bar.unwrap_or_default(), limit, verdict.to_owned()]
    }

    fn json(&self) -> Value {
        let (at_least, at_most) = match self.bar {
            Some(Bar::AtLeast(value)) => (Some(value), None),
            Some(Bar::AtMost(value)) => (None, Some(value)),
            None => (None, None),
        };
        json!({
            "name": self.name,
            "value": self.value,
            "unit": self.unit.trim().trim_start_matches('/'),
            "at_least": at_least,
            "at_most": at_most,
            "physical_limit": self.limit,
            "holds": self.bar.zip(self.value).map(|(bar, value)| bar.met(value)),
        })
    }
}

impl Report {
    /// The report for people.
    pub(super) fn text(&self) -> String {
        let mut text = format!("\n{}\n\n", self.title);
        if let Some(table) = &self.table {
            text.push_str(&table.text());
            text.push('\n');
        }
        if !self.figures.is_empty() {
            let head = ["", "measured", "bar", "physical limit", ""].map(str::to_owned).to_vec();
            let rows = self.figures.iter().map(Figure::row).collect();
            text.push_str(&Table { head, rows }.text());
        }
        for note in &self.notes {
            text.push_str(&format!("\n{note}"));
        }
        text.push('\n');
        text
    }

    /// The report for scripts.
    pub(super) fn json(&self) -> Value {
        json!({
            "bench": self.bench,
            "title": self.title,
            "version": env!("CARGO_PKG_VERSION"),
            "cores": std::thread::available_parallelism().map_or(0, usize::from),
            "figures": self.figures.iter().map(Figure::json).collect::<Vec<_>>(),
            "details": self.details,
            "notes": self.notes,
        })
    }
}

impl Table {
    fn text(&self) -> String {
        let width = |column: usize| {
            let cells = self.rows.iter().chain([&self.head]).filter_map(|row| row.get(column));
            cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..self.head.len()).map(width).collect();
        let line = |row: &Vec<String>| {
            let mut line = String::new();
            for (column, (cell, width)) in row.iter().zip(&widths).enumerate() {
                line.push_str(&match column {
                    0 => format!("{cell:<width$}"),
                    _ => format!("   {cell:>width$}"),
                });
            }
            format!("{}\n", line.trim_end())
        };
        [&self.head].into_iter().chain(&self.rows).map(line).collect()
    }
}

/// A number as people read it: thousands apart, and no more places than it has to say.
pub(super) fn number(value: f64) -> String {
    let places = match value.abs() {
        size if size >= 100.0 => 0,
        size if size >= 10.0 => 1,
        _ => 2,
    };
    let text = format!("{value:.places$}");
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    let digits = whole.chars().filter(char::is_ascii_digit).count();
    let mut out = String::new();
    for (place, c) in whole.chars().enumerate() {
        let left = whole.chars().count() - place;
        if c.is_ascii_digit() && left % 3 == 0 && left < digits {
            out.push(',');
        }
        out.push(c);
    }
    let fraction = fraction.trim_end_matches('0');
    if fraction.is_empty() { out } else { format!("{out}.{fraction}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_for_people() {
        let written = |value| number(value);
        assert_eq!(written(12_000.4), "12,000");
        assert_eq!(written(1_234_567.0), "1,234,567");
        assert_eq!(written(123.0), "123");
        assert_eq!(written(80.04), "80");
        assert_eq!(written(4.25), "4.25");
        assert_eq!(written(-1_500.0), "-1,500");
        assert_eq!(written(0.0), "0");
    }

    #[test]
    fn a_figure_says_whether_its_bar_holds() {
        let fast = Figure::new("rate", Some(12_500.0), "/s").bar(Bar::AtLeast(12_000.0));
        let dear = Figure::new("cost", Some(90.0), " us").bar(Bar::AtMost(80.0)).limit(20.0);
        assert_eq!(fast.row(), ["rate", "12,500/s", "≥ 12,000/s", "", "holds"]);
        assert_eq!(dear.row(), ["cost", "90 us", "≤ 80 us", "20 us", "MISSED"]);
        assert_eq!(dear.json()["holds"], false);
        assert_eq!(fast.json()["unit"], "s");
        let unknown = Figure::new("memory", None, " MB").bar(Bar::AtMost(350.0));
        assert_eq!(unknown.row()[1], "not known");
        assert!(unknown.json()["holds"].is_null());
    }
}
