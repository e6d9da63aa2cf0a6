//! Tables for people, drawn of text alone: aligned columns, and what others wrote kept to one line.

/// Columns of a cell beyond which it is cut.
const CELL_COLUMNS_MAX: usize = 72;
/// What stands between two columns.
const GAP: &str = "  ";

/// To which side the cells of a column lean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lean {
    /// Texts.
    Left,
    /// Numbers.
    Right,
}

/// A table that is drawn a page at a time: a later page may be wider, never narrower.
#[derive(Debug)]
pub(super) struct Table {
    columns: Vec<(&'static str, Lean)>,
    widths: Vec<usize>,
    begun: bool,
}

impl Table {
    /// A table with these columns.
    pub(super) fn new(columns: Vec<(&'static str, Lean)>) -> Self {
        let widths = columns.iter().map(|(title, _)| title.len()).collect();
        Self { columns, widths, begun: false }
    }

    /// The next rows as lines, the first time below the titles.
    pub(super) fn page(&mut self, rows: &[Vec<String>]) -> String {
        let rows: Vec<Vec<String>> =
            rows.iter().map(|row| row.iter().map(|cell| clean(cell)).collect()).collect();
        for row in &rows {
            for (width, cell) in self.widths.iter_mut().zip(row) {
                *width = (*width).max(columns_of(cell));
            }
        }
        let mut text = String::new();
        if !std::mem::replace(&mut self.begun, true) {
            let titles: Vec<String> =
                self.columns.iter().map(|(title, _)| (*title).to_owned()).collect();
            text.push_str(&self.line(&titles));
        }
        rows.iter().for_each(|row| text.push_str(&self.line(row)));
        text
    }

    fn line(&self, row: &[String]) -> String {
        let mut line = String::new();
        for (((_, lean), width), cell) in self.columns.iter().zip(&self.widths).zip(row) {
            let room = " ".repeat(width.saturating_sub(columns_of(cell)));
            if !line.is_empty() {
                line.push_str(GAP);
            }
            match lean {
                Lean::Left => line.extend([cell.as_str(), room.as_str()]),
                Lean::Right => line.extend([room.as_str(), cell.as_str()]),
            }
        }
        format!("{}\n", line.trim_end())
    }
}

/// One thing as a list of its parts.
pub(super) fn card(parts: &[(String, String)]) -> String {
    let width = parts.iter().map(|(name, _)| columns_of(name)).max().unwrap_or(0);
    let mut text = String::new();
    for (name, value) in parts {
        let room = " ".repeat(width.saturating_sub(columns_of(name)));
        let mut lines = value.lines().map(plain);
        let first = lines.next().unwrap_or_default();
        text.push_str(format!("{}{room}{GAP}{first}", plain(name)).trim_end());
        text.push('\n');
        for line in lines {
            text.push_str(format!("{}{GAP}{line}", " ".repeat(width)).trim_end());
            text.push('\n');
        }
    }
    text
}

/// A cell on one line and not too long; `-` where there is nothing.
fn clean(cell: &str) -> String {
    let line = plain(cell);
    let line = line.trim();
    if line.is_empty() {
        return "-".to_owned();
    }
    if columns_of(line) <= CELL_COLUMNS_MAX {
        return line.to_owned();
    }
    let (mut cut, mut columns) = (String::new(), 1);
    for c in line.chars() {
        columns += width(c);
        if columns > CELL_COLUMNS_MAX {
            break;
        }
        cut.push(c);
    }
    cut.push('…');
    cut
}

/// A text without what would move a terminal's cursor or turn its writing around: others may have written it.
pub(super) fn plain(text: &str) -> String {
    let turns = |c: char| matches!(c, '\u{200e}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    text.chars().map(|c| if c.is_control() || turns(c) { ' ' } else { c }).collect()
}

fn columns_of(text: &str) -> usize {
    text.chars().map(width).sum()
}

/// How many columns a character takes on most terminals.
fn width(c: char) -> usize {
    match u32::from(c) {
        // Marks that stand on the character before.
        0x0300..=0x036f | 0x200b..=0x200d | 0xfe00..=0xfe0f | 0x1f3fb..=0x1f3ff => 0,
        // East Asian wide characters, and pictures.
        0x1100..=0x115f
        | 0x2e80..=0xa4cf
        | 0xac00..=0xd7a3
        | 0xf900..=0xfaff
        | 0xfe30..=0xfe6f
        | 0xff00..=0xff60
        | 0xffe0..=0xffe6
        | 0x1f300..=0x1faff
        | 0x20000..=0x3fffd => 2,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(rows: &[&[&str]]) -> Vec<Vec<String>> {
        rows.iter().map(|row| row.iter().map(|&cell| cell.to_owned()).collect()).collect()
    }

    #[test]
    fn columns_are_aligned_on_every_page() {
        let mut table = Table::new(vec![("ID", Lean::Right), ("TARGET", Lean::Left)]);
        let first = table.page(&rows(&[&["1", "https://a.example"], &["12", "ñandú"]]));
        assert_eq!(first, "ID  TARGET\n 1  https://a.example\n12  ñandú\n");
        let second = table.page(&rows(&[&["3", ""]]));
        assert_eq!(second, " 3  -\n", "no titles again, and as wide as before");
        assert_eq!(Table::new(vec![("ID", Lean::Left)]).page(&[]), "ID\n");
    }

    #[test]
    fn what_others_wrote_stays_on_its_line_and_moves_no_cursor() {
        let mut table = Table::new(vec![("WHAT", Lean::Left), ("MORE", Lean::Left)]);
        let evil = "a\x1b[2Jb\r\nc\u{202e}d";
        let text = table.page(&rows(&[&[evil, "x"], &["日本", "y"]]));
        assert!(!text.contains(['\x1b', '\r', '\u{202e}']), "{text:?}");
        assert_eq!(text.lines().count(), 3);
        let long = "ñ".repeat(500);
        let cut = table.page(&rows(&[&[&long, "z"]]));
        assert!(cut.contains('…') && columns_of(cut.trim_end()) < 90, "{cut}");
        let wide: Vec<_> = text.lines().map(|line| columns_of(line.trim_end())).collect();
        assert_eq!(wide[1], wide[2], "wide characters count twice: {text}");
    }

    #[test]
    fn a_card_lists_the_parts_and_keeps_lines_below_each_other() {
        let parts = [("id".to_owned(), "1".to_owned()), ("why".to_owned(), "a\nb".to_owned())];
        assert_eq!(card(&parts), "id   1\nwhy  a\n     b\n");
    }
}
