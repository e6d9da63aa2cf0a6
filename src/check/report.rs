//! What was found, as a list for people or as JSON for scripts.

use serde_json::json;
use sereno_workflows::check::{Finding, Summary, Verdict};

/// Why nothing could be looked at, as JSON.
pub(super) fn not_looked(error: &anyhow::Error) -> String {
    json!({"ok": false, "error": format!("{error:#}"), "findings": []}).to_string()
}

/// The findings as text, and whether none failed.
pub(super) fn told(findings: &[Finding], as_json: bool) -> (String, bool) {
    let summary = Summary::of(findings);
    let passed = summary.failed == 0;
    let mut sorted: Vec<&Finding> = findings.iter().collect();
    // Each part's findings stay in the order in which they came.
    sorted.sort_by_key(|finding| finding.part);
    if as_json {
        let all = json!({"ok": passed, "summary": summary, "findings": sorted});
        return (all.to_string(), passed);
    }
    let mut lines = Vec::new();
    let mut part = None;
    for finding in sorted {
        if part.replace(finding.part) != Some(finding.part) {
            lines.push(finding.part.to_string());
        }
        let verdict = match finding.verdict {
            Verdict::Pass => "pass",
            Verdict::Warn => "warn",
            Verdict::Fail => "FAIL",
            Verdict::Skip => "skip",
        };
        lines.push(format!("  {verdict}  {:<24}  {}", finding.name, finding.detail));
        if let Some(advice) = &finding.advice {
            lines.push(format!("        -> {advice}"));
        }
    }
    let Summary { passed: good, warned, failed, skipped } = summary;
    lines.push(format!("\n{good} passed, {warned} to look at, {failed} failed, {skipped} skipped"));
    (lines.join("\n"), passed)
}
