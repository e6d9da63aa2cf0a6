//! What a client likes best of what we have, by the qualities that its header gives (RFC 9110, section 12.4.2).

/// The ranges of a header, each with how much it is liked, from 0 to 1; what makes no sense is left out.
pub(super) fn ranges(header: &str) -> impl Iterator<Item = (&str, f32)> {
    header.split(',').filter_map(|range| {
        let (name, parameters) = range.split_once(';').unwrap_or((range, ""));
        let mut parameters = parameters.split(';').filter_map(|one| one.split_once('='));
        let quality = parameters.find(|(name, _)| name.trim().eq_ignore_ascii_case("q"));
        let quality = match quality {
            Some((_, text)) => text.trim().parse().ok()?,
            None => 1.0,
        };
        let name = name.trim();
        (!name.is_empty() && (0.0..=1.0).contains(&quality)).then_some((name, quality))
    })
}

/// Which of these kinds, in lower case, a client likes best; of those that it likes alike the one that it names
/// first, then the one that stands first here. Nothing where it wants none of them.
pub(super) fn best(header: &str, kinds: &[&str]) -> Option<usize> {
    let mut best: Option<(usize, f32, usize)> = None;
    for (which, kind) in kinds.iter().enumerate() {
        // The range that names it most closely says how much it is liked.
        let mut closest: Option<(u8, f32, usize)> = None;
        for (place, (range, quality)) in ranges(header).enumerate() {
            let Some(close) = closeness(range, kind) else { continue };
            if closest.is_none_or(|(other, ..)| close > other) {
                closest = Some((close, quality, place));
            }
        }
        let Some((_, quality, place)) = closest.filter(|(_, quality, _)| *quality > 0.0) else {
            continue;
        };
        let is_better = |(_, other, before): (usize, f32, usize)| {
            quality > other || (quality >= other && place < before)
        };
        if best.is_none_or(is_better) {
            best = Some((which, quality, place));
        }
    }
    best.map(|(which, ..)| which)
}

/// How closely a range of media types names a kind, if it does.
fn closeness(range: &str, kind: &str) -> Option<u8> {
    let range = range.to_ascii_lowercase();
    let group = range.strip_suffix("/*");
    match group {
        Some("*") => Some(0),
        Some(group) => kind.split_once('/').filter(|(of, _)| *of == group).map(|_| 1),
        None => (range == kind).then_some(2),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn c04_the_kind_that_is_liked_best_is_answered() {
        const KINDS: [&str; 3] = ["application/json", "text/html", "text/plain"];
        for (header, wanted) in [
            ("text/html;q=0.1, application/json", Some("application/json")),
            ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", Some("text/html")),
            ("application/json;q=0.5, text/plain; q=0.7", Some("text/plain")),
            ("text/html, application/json", Some("text/html")),
            ("application/json, text/html", Some("application/json")),
            ("*/*", Some("application/json")),
            ("text/*", Some("text/html")),
            ("text/*;q=0.9, */*;q=0.1, text/html;q=0.2", Some("text/plain")),
            ("*/*, application/json;q=0", Some("text/html")),
            ("TEXT/HTML ; Q=1.0", Some("text/html")),
            ("text/html;level=1;q=0.4, text/plain;q=0.6", Some("text/plain")),
            ("application/json;q=0", None),
            ("image/png", None),
            ("text/html;q=much, text/plain;q=0.1", Some("text/plain")),
            ("text/html;q=7, text/plain;q=nan", None),
            ("", None),
        ] {
            let found = best(header, &KINDS).map(|which| KINDS[which]);
            assert_eq!(found, wanted, "{header}");
        }
    }
}
