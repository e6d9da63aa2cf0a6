//! What a look at a server found, part by part, and when a figure is good, doubtful or bad.
//!
//! Whoever looks only measures; what follows from it is decided here. A finding that is not good always says
//! what to do.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::time::{Span, Timestamp};

/// How a part is; the worse the later.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// It was not looked at.
    Skip,
    /// It is as it should be.
    Pass,
    /// It works, and somebody should see to it.
    Warn,
    /// It does not work.
    Fail,
}

/// What is looked at, in the order in which it is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Part {
    /// Flags, environment and `sereno.toml`.
    Configuration,
    /// The master key, and who may read what is secret.
    Keys,
    /// Journal, snapshots, index, disk.
    Store,
    /// The time, and the zones.
    Clock,
    /// A running server.
    Server,
    /// Where notifications go.
    Endpoints,
    /// Mail servers.
    Mail,
    /// WhatsApp lines.
    Whatsapp,
    /// The user's own PostgreSQL.
    Mirror,
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Configuration => "configuration",
            Self::Keys => "keys",
            Self::Store => "store",
            Self::Clock => "clock",
            Self::Server => "server",
            Self::Endpoints => "endpoints",
            Self::Mail => "mail",
            Self::Whatsapp => "whatsapp",
            Self::Mirror => "mirror",
        })
    }
}

/// One step of a look at something, such as `dns` or `tls`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// Its name.
    pub step: String,
    /// How it went.
    pub verdict: Verdict,
    /// What was seen.
    pub detail: String,
}

/// What was found of one thing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// Where it belongs.
    pub part: Part,
    /// What was looked at.
    pub name: String,
    /// Whose it is, where it is a tenant's.
    pub tenant: Option<String>,
    /// How it is: as its worst step.
    pub verdict: Verdict,
    /// What was seen, on one line.
    pub detail: String,
    /// What to do, unless it is good.
    pub advice: Option<String>,
    /// How the look went.
    pub steps: Vec<Step>,
}

/// The look at one thing while it goes on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Course {
    steps: Vec<Step>,
    advice: Option<(Verdict, String)>,
}

impl Course {
    /// A step that went well.
    pub fn pass(&mut self, step: &str, detail: impl Into<String>) {
        self.note(step, Verdict::Pass, detail.into());
    }

    /// A step that was left out.
    pub fn skip(&mut self, step: &str, detail: impl Into<String>) {
        self.note(step, Verdict::Skip, detail.into());
    }

    /// A step that somebody should see to.
    pub fn warn(&mut self, step: &str, detail: impl Into<String>, advice: impl Into<String>) {
        self.note(step, Verdict::Warn, detail.into());
        self.advise(Verdict::Warn, advice.into());
    }

    /// A step that failed.
    pub fn fail(&mut self, step: &str, detail: impl Into<String>, advice: impl Into<String>) {
        self.note(step, Verdict::Fail, detail.into());
        self.advise(Verdict::Fail, advice.into());
    }

    /// A step as it was judged.
    pub fn judged(&mut self, step: &str, judgement: Judgement) {
        let Judgement { verdict, detail, advice } = judgement;
        self.note(step, verdict, detail);
        if let Some(advice) = advice {
            self.advise(verdict, advice);
        }
    }

    /// All steps of another look, each called by its name behind `of`.
    pub fn add(&mut self, of: &str, other: Self) {
        let named = |step: Step| Step { step: format!("{of}{}", step.step), ..step };
        self.steps.extend(other.steps.into_iter().map(named));
        if let Some((verdict, advice)) = other.advice {
            self.advise(verdict, advice);
        }
    }

    /// Whether any step failed, so that the next has nothing to stand on.
    pub fn failed(&self) -> bool {
        self.steps.iter().any(|step| step.verdict == Verdict::Fail)
    }

    /// What it comes to.
    pub fn finding(self, part: Part, name: impl Into<String>, tenant: Option<&str>) -> Finding {
        let verdict = self.steps.iter().map(|step| step.verdict).max().unwrap_or(Verdict::Skip);
        let told = |step: &Step| match self.steps.len() {
            1 => step.detail.clone(),
            _ => format!("{} {}", step.step, step.detail),
        };
        Finding {
            part,
            name: name.into(),
            tenant: tenant.map(str::to_owned),
            verdict,
            detail: self.steps.iter().map(told).collect::<Vec<_>>().join(" · "),
            advice: self.advice.map(|(_, advice)| advice),
            steps: if self.steps.len() > 1 { self.steps } else { Vec::new() },
        }
    }

    fn note(&mut self, step: &str, verdict: Verdict, detail: String) {
        self.steps.push(Step { step: step.to_owned(), verdict, detail });
    }

    /// The first advice about the worst is the one to follow.
    fn advise(&mut self, verdict: Verdict, advice: String) {
        if self.advice.as_ref().is_none_or(|(worst, _)| verdict > *worst) {
            self.advice = Some((verdict, advice));
        }
    }
}

/// How many findings there are of each verdict.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// Good.
    pub passed: usize,
    /// To be seen to.
    pub warned: usize,
    /// Bad.
    pub failed: usize,
    /// Not looked at.
    pub skipped: usize,
}

impl Summary {
    /// Counts.
    pub fn of(findings: &[Finding]) -> Self {
        let mut counts: BTreeMap<Verdict, usize> = BTreeMap::new();
        for finding in findings {
            *counts.entry(finding.verdict).or_default() += 1;
        }
        let count = |verdict| counts.get(&verdict).copied().unwrap_or_default();
        Self {
            passed: count(Verdict::Pass),
            warned: count(Verdict::Warn),
            failed: count(Verdict::Fail),
            skipped: count(Verdict::Skip),
        }
    }
}

/// What a figure means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judgement {
    /// How it is.
    pub verdict: Verdict,
    /// The figure in words.
    pub detail: String,
    /// What to do, unless it is good.
    pub advice: Option<String>,
}

impl Judgement {
    fn new(verdict: Verdict, detail: String, advice: &str) -> Self {
        let advice = (verdict > Verdict::Pass).then(|| advice.to_owned());
        Self { verdict, detail, advice }
    }
}

/// A certificate with fewer days left is to be renewed; those of Let's Encrypt are renewed at 30.
const CERTIFICATE_DAYS_MIN: i64 = 14;

const DAY_MS: i64 = 24 * 3_600_000;

/// Whether a certificate is good, which it is between two times, and for how long yet; and what to do where that is not long.
pub fn certificate(
    now: Timestamp,
    (not_before, not_after): (Timestamp, Timestamp),
    advice: &str,
) -> Judgement {
    let date = |time: Timestamp| time.to_rfc3339().split('T').next().unwrap_or_default().to_owned();
    if now < not_before {
        let detail = format!("good only from {}", date(not_before));
        return Judgement::new(Verdict::Fail, detail, advice);
    }
    let end = date(not_after);
    let days = (not_after.0 - now.0).div_euclid(DAY_MS);
    if days < 0 {
        return Judgement::new(Verdict::Fail, format!("expired on {end}"), advice);
    }
    let verdict = if days < CERTIFICATE_DAYS_MIN { Verdict::Warn } else { Verdict::Pass };
    let unit = if days == 1 { "day" } else { "days" };
    let detail = format!("until {end}, {days} {unit} left");
    Judgement::new(verdict, detail, advice)
}

/// Free bytes of a disk below which somebody should look, or fewer of a small disk.
const DISK_FREE_WARN: u64 = 1 << 30;

/// What is left of the disk; below `reserve` no new events are taken.
pub fn disk(free: u64, reserve: u64) -> Judgement {
    let mib = free >> 20;
    let advice = "free some space, or move the data to a larger disk: events are refused with 507 \
                  when it is nearly full";
    let verdict = match free {
        _ if free < reserve => Verdict::Fail,
        _ if free < DISK_FREE_WARN => Verdict::Warn,
        _ => Verdict::Pass,
    };
    Judgement::new(verdict, format!("{mib} MiB of the disk are free"), advice)
}

/// A clock that was put back by no more than this is no matter.
const CLOCK_BACK_MAX: Span = Span::seconds(5);
/// A server of this version did not run before.
const CLOCK_MIN: Timestamp = Timestamp(1_750_000_000_000);

/// Whether the time can be right, as the last record has it.
pub fn clock(now: Timestamp, last: Option<Timestamp>) -> Judgement {
    let advice = "set the clock, by NTP: timers would fire late, and signatures be refused";
    let shown = now.to_rfc3339();
    if now < CLOCK_MIN {
        return Judgement::new(Verdict::Fail, format!("{shown} is long past"), advice);
    }
    match last.filter(|last| last.since(now) > CLOCK_BACK_MAX) {
        Some(last) => {
            let (last_at, back) = (last.to_rfc3339(), last.since(now));
            let back = Span::seconds(back.0 / 1_000);
            let detail = format!("{shown} is {back} before the last record, which is of {last_at}");
            Judgement::new(Verdict::Fail, detail, advice)
        }
        None => Judgement::new(Verdict::Pass, shown, advice),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_800_000_000_000);

    #[test]
    fn c05_a_finding_is_as_bad_as_its_worst_step_and_advises_on_that() {
        let mut course = Course::default();
        course.pass("dns", "1.1.1.1");
        course.warn("tls", "9 days left", "renew");
        assert!(!course.failed());
        course.fail("ping", "answered 404", "check the path");
        course.fail("more", "worse", "another");
        let found = course.clone().finding(Part::Endpoints, "default/1", Some("default"));
        assert_eq!(
            (found.verdict, found.advice.as_deref()),
            (Verdict::Fail, Some("check the path"))
        );
        assert_eq!(found.detail, "dns 1.1.1.1 · tls 9 days left · ping answered 404 · more worse");
        assert_eq!(found.steps.len(), 4);
        let nothing = Course::default().finding(Part::Mirror, "mirror", None);
        assert_eq!(nothing.verdict, Verdict::Skip);
        let counts = Summary::of(&[found, nothing]);
        assert_eq!((counts.failed, counts.skipped, counts.passed), (1, 1, 0));
    }

    #[test]
    fn c05_figures_are_judged_at_their_edges() {
        let in_days = |days: i64| Timestamp(NOW.0 + days * DAY_MS);
        let good = |from, until| certificate(NOW, (in_days(from), in_days(until)), "renew it");
        let after = |days| good(-1, days).verdict;
        assert_eq!(
            [after(-1), after(0), after(13), after(14)],
            [Verdict::Fail, Verdict::Warn, Verdict::Warn, Verdict::Pass]
        );
        assert_eq!((good(0, 14).verdict, good(1, 14).verdict), (Verdict::Pass, Verdict::Fail));
        assert!(good(-1, 1).detail.ends_with("1 day left"), "{}", good(-1, 1).detail);
        let free = |free| disk(free, 64 << 20).verdict;
        assert_eq!(
            [free(1 << 20), free(65 << 20), free(2 << 30)],
            [Verdict::Fail, Verdict::Warn, Verdict::Pass]
        );
        let clock = |last: i64| clock(NOW, Some(Timestamp(NOW.0 + last)));
        assert_eq!(clock(-1).verdict, Verdict::Pass);
        assert_eq!(clock(5_000).verdict, Verdict::Pass);
        let back = clock(3_600_000);
        assert_eq!(back.verdict, Verdict::Fail);
        assert!(back.detail.contains("1h before") && back.advice.is_some(), "{}", back.detail);
        assert_eq!(super::clock(Timestamp(0), None).verdict, Verdict::Fail);
    }
}
