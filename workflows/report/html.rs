//! A report as HTML for mailboxes and browsers: tables with their styles in place, since Outlook knows no other
//! layout and Gmail drops what stands elsewhere; no script, no font and no picture from anywhere else.
//!
//! Colours are chosen to be read on dark too. What a mailbox turns dark by itself stays readable; what obeys
//! the page's own wish gets the few colours of the `style` in its head.

use super::chart::{Chart, HEIGHT, WIDTH};
use super::document::{Document, Section, Table};
use super::figures::Report;
use super::words::{ATTENTION, ORIGIN, pick};

const FONT: &str = "font-family:Arial,Helvetica,sans-serif;";

/// The report as a page; `source` says where the picture of a chart is.
pub fn html(report: &Report, source: impl Fn(&Chart) -> String) -> String {
    let document = Document::of(report);
    let locale = report.locale;
    let mut rows = vec![format!(
        "<h1 style=\"margin:0;font-size:22px;line-height:28px\">{}</h1>\
             <p class=\"soft\" style=\"margin:4px 0 0;color:#5b6472;font-size:14px\">{}</p>",
        escape(&document.title),
        escape(&document.span)
    )];
    if !document.notes.is_empty() {
        let notes = document.notes.iter().map(|note| format!("{}<br>", escape(note)));
        rows.push(format!(
            "<p class=\"soft\" style=\"margin:0;color:#5b6472;font-size:13px;line-height:19px\">{}</p>",
            notes.collect::<String>()
        ));
    }
    rows.push(tiles(&document));
    let items = document.attention.iter();
    let items = items.map(|one| format!("<li style=\"margin:0 0 4px\">{}</li>", escape(one)));
    rows.push(format!(
        "{}<ul style=\"margin:0;padding:0 0 0 20px;font-size:14px;line-height:20px\">{}</ul>",
        heading(pick(locale, ATTENTION)),
        items.collect::<String>()
    ));
    rows.extend(document.sections.iter().map(|one| section(one, &source)));
    rows.push(format!(
        "<p class=\"soft\" style=\"margin:0;color:#5b6472;font-size:12px\">{}</p>",
        escape(pick(locale, ORIGIN))
    ));
    let rows =
        rows.iter().map(|row| format!("<tr><td style=\"padding:10px 20px\">{row}</td></tr>\n"));
    page(locale.as_str(), &document.subject, &rows.collect::<String>())
}

fn page(language: &str, title: &str, rows: &str) -> String {
    format!(
        "<!doctype html>\n<html lang=\"{language}\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\
         <meta name=\"color-scheme\" content=\"light dark\">\
         <meta name=\"supported-color-schemes\" content=\"light dark\"><title>{}</title>\n\
         <style>@media (prefers-color-scheme:dark){{.page{{background:#14171c!important}}\
         .sheet{{background:#1d2129!important;color:#e6e9ee!important}}\
         .soft{{color:#a9b2c0!important}}.line{{border-color:#3a414d!important}}\
         .tile{{background:#262c36!important}}}}</style></head>\n\
         <body class=\"page\" style=\"margin:0;padding:0;background:#f2f4f7\">\n\
         <table class=\"page\" role=\"presentation\" width=\"100%\" cellpadding=\"0\" cellspacing=\"0\" \
         border=\"0\" style=\"background:#f2f4f7\"><tr><td align=\"center\" style=\"padding:16px 8px\">\n\
         <table class=\"sheet\" role=\"presentation\" width=\"600\" cellpadding=\"0\" cellspacing=\"0\" \
         border=\"0\" style=\"width:600px;max-width:100%;background:#ffffff;color:#1d2530;{FONT}\">\n\
         {rows}</table>\n</td></tr></table>\n</body></html>\n",
        escape(title)
    )
}

fn heading(title: &str) -> String {
    format!(
        "<h2 class=\"line\" style=\"margin:8px 0 8px;padding:0 0 4px;font-size:16px;\
         border-bottom:1px solid #d9dee6\">{}</h2>",
        escape(title)
    )
}

fn tiles(document: &Document) -> String {
    let tile = |[name, value, change]: &[String; 3]| {
        let change = if change.is_empty() { "&nbsp;".to_owned() } else { escape(change) };
        format!(
            "<td class=\"tile\" width=\"25%\" align=\"center\" style=\"padding:10px 4px;\
             background:#f2f4f7\"><span class=\"soft\" style=\"font-size:12px;color:#5b6472\">{}\
             </span><br><b style=\"font-size:22px;line-height:30px\">{}</b><br>\
             <span class=\"soft\" style=\"font-size:12px;color:#5b6472\">{change}</span></td>",
            escape(name),
            escape(value)
        )
    };
    let tiles: String = document.tiles.iter().map(tile).collect();
    format!(
        "<table role=\"presentation\" width=\"100%\" cellpadding=\"0\" cellspacing=\"4\" \
         border=\"0\"><tr>{tiles}</tr></table>"
    )
}

fn section(section: &Section, source: impl Fn(&Chart) -> String) -> String {
    let chart = section.chart.as_ref().map(|one| chart(one, &source(one))).unwrap_or_default();
    let tables: String = section.tables.iter().map(table).collect();
    format!("{}{chart}{tables}", heading(&section.title))
}

/// A picture with the days under it, in columns as wide as theirs.
fn chart(chart: &Chart, source: &str) -> String {
    let day = |(day, value): &(String, String)| {
        format!(
            "<td width=\"14%\" align=\"center\" style=\"font-size:12px;line-height:17px;\
             padding:2px 0 0\"><span class=\"soft\" style=\"color:#5b6472\">{}</span><br><b>{}</b></td>",
            escape(day),
            escape(value)
        )
    };
    let days: String = chart.days.iter().map(day).collect();
    let legend = match chart.legend.as_str() {
        "" => String::new(),
        legend => format!(
            "<p class=\"soft\" style=\"margin:4px 0 0;font-size:12px;color:#5b6472\">{}</p>",
            escape(legend)
        ),
    };
    format!(
        "<img src=\"{}\" alt=\"{}\" width=\"{}\" height=\"{}\" style=\"display:block;width:100%;\
         height:auto;border:0\"><table role=\"presentation\" width=\"100%\" cellpadding=\"0\" \
         cellspacing=\"0\" border=\"0\"><tr>{days}</tr></table>{legend}",
        escape(source),
        escape(&chart.alt),
        WIDTH / 2,
        HEIGHT / 2
    )
}

fn table(table: &Table) -> String {
    let cell = |tag: &str, place: usize, text: &str| {
        let align = if place == 0 { "left" } else { "right" };
        let weight = if tag == "th" { "bold" } else { "normal" };
        format!(
            "<{tag} class=\"line\" align=\"{align}\" style=\"padding:4px 2px;font-weight:{weight};\
             border-bottom:1px solid #e6e9ee\">{}</{tag}>",
            escape(text)
        )
    };
    let row = |tag: &str, cells: &[String]| {
        let cells = cells.iter().enumerate().map(|(place, text)| cell(tag, place, text));
        format!("<tr>{}</tr>", cells.collect::<String>())
    };
    let head = row("th", &table.head);
    let rows: String = table.rows.iter().map(|cells| row("td", cells)).collect();
    // Many columns need smaller letters to stay within the width of a mail.
    let size = if table.head.len() > 7 { 11 } else { 13 };
    format!(
        "<table width=\"100%\" cellpadding=\"0\" cellspacing=\"0\" border=\"0\" \
         style=\"margin:12px 0 0;font-size:{size}px;line-height:18px\">{head}{rows}</table>"
    )
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\'', "&#39;")
}
