//! A weekly report in a few facts, for channels that have room for no more.

use sereno_workflows::report;

use super::{Fact, line};
use crate::channel::Load;
use crate::limits::{FACT_CHARS_MAX, FACTS_MAX, LABEL_CHARS_MAX};

/// The title of a report and what it says first; nothing where it is none.
pub(super) fn words(load: &Load) -> Option<(String, Vec<Fact>)> {
    if !report::is_report(&load.event_type) {
        return None;
    }
    let report = report::of_body(&load.body)?;
    let fact = |(label, value): (String, String)| Fact {
        label: line(&label, LABEL_CHARS_MAX),
        value: line(&value, FACT_CHARS_MAX),
    };
    let facts = report::summary(&report).into_iter().map(fact).take(FACTS_MAX).collect();
    Some((report::subject(&report), facts))
}
