//! A weekly report as a mail: text, HTML, and its charts as small pictures inside of it.

use sereno_workflows::report;
use sereno_workflows::report::chart::{Chart, Colour, HEIGHT, WIDTH};

use super::{Letter, Picture};
use crate::channel::Load;
use crate::channel::wording::line;
use crate::limits::TITLE_CHARS_MAX;

/// The letter of an event that is a report; nothing for any other.
pub(super) fn letter(load: &Load) -> Option<Letter> {
    if !report::is_report(&load.event_type) {
        return None;
    }
    let report = report::of_body(&load.body)?;
    // Named by the delivery too: some mailboxes show several mails on one page.
    let id = |chart: &Chart| format!("{}.{}@sereno", chart.name, load.id);
    let html = report::html(&report, |chart| format!("cid:{}", id(chart)));
    let charts = report::chart::charts(&report);
    let pictures = charts.iter().map(|chart| Picture { id: id(chart), png: png(chart) });
    Some(Letter {
        subject: line(&report::subject(&report), TITLE_CHARS_MAX),
        text: report::text(&report),
        html: Some(html),
        pictures: pictures.collect(),
    })
}

/// A chart as PNG: one byte a pixel is its colour's place in the palette, and the first is none.
fn png(chart: &Chart) -> Vec<u8> {
    let (width, height) = (WIDTH as usize, HEIGHT as usize);
    let mut pixels = vec![0_u8; width * height];
    for bar in &chart.bars {
        let colour =
            Colour::ALL.iter().position(|colour| *colour == bar.colour).unwrap_or_default();
        let colour = u8::try_from(colour + 1).unwrap_or_default();
        let (left, right) = (bar.x as usize, (bar.x + bar.width) as usize);
        let rows = pixels.chunks_mut(width).skip(bar.y as usize).take(bar.height as usize);
        for row in rows {
            if let Some(span) = row.get_mut(left..right) {
                span.fill(colour);
            }
        }
    }
    let palette = [[0; 3]].into_iter().chain(Colour::ALL.map(Colour::rgb)).flatten();
    let mut written = Vec::new();
    let mut encoder = png::Encoder::new(&mut written, WIDTH, HEIGHT);
    encoder.set_color(png::ColorType::Indexed);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_palette(palette.collect::<Vec<u8>>());
    encoder.set_trns(vec![0_u8, 255, 255, 255, 255]);
    encoder.set_compression(png::Compression::High);
    // Nothing of this can fail in memory; a mail without a picture still has its words.
    let done = encoder.write_header().and_then(|mut writer| writer.write_image_data(&pixels));
    match done {
        Ok(()) => written,
        Err(error) => {
            tracing::error!(%error, "a chart cannot be written");
            Vec::new()
        }
    }
}
