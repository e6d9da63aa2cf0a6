//! A report as plain text: everything that the HTML says, for who reads mail as text.

use super::document::{Document, Table};
use super::figures::Report;
use super::words::{ATTENTION, ORIGIN, pick};

/// Characters of one column at most.
const COLUMN_CHARS_MAX: usize = 44;

/// The report as text.
pub fn text(report: &Report) -> String {
    let document = Document::of(report);
    let mut out = format!("{}\n{}\n", document.title, document.span);
    for note in &document.notes {
        out.push_str(&format!("{note}\n"));
    }
    heading(&mut out, pick(report.locale, ATTENTION));
    for sentence in &document.attention {
        out.push_str(&format!("- {sentence}\n"));
    }
    for section in &document.sections {
        heading(&mut out, &section.title);
        if let Some(chart) = &section.chart {
            let days = chart.days.iter().map(|(day, value)| vec![day.clone(), value.clone()]);
            rows(&mut out, &days.collect::<Vec<_>>());
        }
        for one in &section.tables {
            out.push('\n');
            table(&mut out, one);
        }
    }
    out.push_str(&format!("\n{}\n", pick(report.locale, ORIGIN)));
    out
}

fn heading(out: &mut String, title: &str) {
    out.push_str(&format!("\n{}\n{}\n", title.to_uppercase(), "-".repeat(title.chars().count())));
}

fn table(out: &mut String, table: &Table) {
    let all: Vec<Vec<String>> = [&table.head].into_iter().chain(&table.rows).cloned().collect();
    rows(out, &all);
}

/// Rows under one another: names to the left, numbers to the right.
fn rows(out: &mut String, rows: &[Vec<String>]) {
    let mut widths: Vec<usize> = Vec::new();
    for row in rows {
        for (place, cell) in row.iter().enumerate() {
            let width = cell.chars().count().min(COLUMN_CHARS_MAX);
            match widths.get_mut(place) {
                Some(widest) => *widest = width.max(*widest),
                None => widths.push(width),
            }
        }
    }
    for row in rows {
        let mut line = String::new();
        for (place, (cell, &width)) in row.iter().zip(&widths).enumerate() {
            let cell: String = cell.chars().take(COLUMN_CHARS_MAX).collect();
            match place {
                0 => line.push_str(&format!("{cell:<width$}")),
                _ => line.push_str(&format!("  {cell:>width$}")),
            }
        }
        out.push_str(line.trim_end());
        out.push('\n');
    }
}
