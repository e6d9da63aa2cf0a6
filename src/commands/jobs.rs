//! Work on many deliveries: counted, started, watched to its end.

use std::time::Duration;

use clap::Args;
use serde_json::{Map, Value};

use super::failure::Failure;
use super::output;
use super::session::{Session, segment};
use super::words::cell;
use crate::bench::progress::Progress;

/// How a job is started.
#[derive(Debug, Args)]
pub(super) struct Starting {
    /// Only count what it would be about
    #[arg(long)]
    dry_run: bool,
    /// Start it and do not wait for its end
    #[arg(long)]
    no_wait: bool,
    /// Why, for the audit log
    #[arg(long)]
    reason: Option<String>,
}

/// How often a job is looked at while its end is waited for.
const LOOK_EVERY: Duration = Duration::from_millis(200);

impl Starting {
    /// The reason, as a part of a body.
    pub(super) fn said(&self) -> Map<String, Value> {
        said_for(self.reason.as_deref())
    }

    /// Counts, or starts the job and waits for its end.
    pub(super) async fn run(
        &self,
        session: &Session,
        path: &str,
        mut body: Map<String, Value>,
    ) -> Result<(), Failure> {
        body.extend(self.said());
        if self.dry_run {
            body.insert("dry_run".to_owned(), Value::from(true));
        }
        let answer = session.post(path, body).await?;
        let id = cell(answer.get("job_id"));
        if self.dry_run || self.no_wait || id.is_empty() {
            return said(session, &answer);
        }
        watch(session, &id).await
    }
}

/// A reason as a body.
pub(super) fn said_for(reason: Option<&str>) -> Map<String, Value> {
    reason.map(|reason| ("reason".to_owned(), Value::from(reason))).into_iter().collect()
}

fn said(session: &Session, answer: &Value) -> Result<(), Failure> {
    if session.json {
        return Ok(output::json(answer)?);
    }
    let words = match answer.get("job_id").and_then(Value::as_str) {
        Some(id) => format!("started {id}; watch it with: sereno deliveries job {id}"),
        None => {
            let more =
                if answer.get("complete") == Some(&Value::Bool(false)) { " or more" } else { "" };
            let refused = answer.get("refused").and_then(Value::as_u64).unwrap_or_default();
            let refused = match refused {
                0 => String::new(),
                many => format!(", and {many} refused"),
            };
            format!("{}{more} would be taken{refused}", cell(answer.get("count")))
        }
    };
    Ok(output::line(&words)?)
}

/// Waits for a job's end and says how it went. Whoever stops waiting stops nothing.
pub(super) async fn watch(session: &Session, id: &str) -> Result<(), Failure> {
    let path = format!("/api/v1/jobs/{}", segment(id)?);
    let mut progress = Progress::new();
    let ended = loop {
        let job = session.get(&path, &Vec::new()).await?;
        if job.get("state").and_then(Value::as_str) != Some("running") {
            break job;
        }
        progress.at(|| told(&job));
        tokio::time::sleep(LOOK_EVERY).await;
    };
    progress.clear();
    if session.json {
        output::json(&ended)?;
    } else {
        output::line(&told(&ended))?;
    }
    match ended.get("state").and_then(Value::as_str) {
        Some("done") => Ok(()),
        _ => Err(Failure::Unfinished),
    }
}

fn told(job: &Value) -> String {
    let part = |name: &str| cell(job.get(name));
    let share = job.get("progress").and_then(Value::as_f64);
    let share = share.filter(|share| *share < 1.0).map(|share| format!(", {:.0} %", share * 100.0));
    let left = ["skipped", "refused"].map(|name| (name, job.get(name).and_then(Value::as_u64)));
    let left = left.into_iter().filter_map(|(name, count)| Some((name, count.filter(|n| *n > 0)?)));
    let left: String = left.map(|(name, count)| format!(", {count} {name}")).collect();
    let error = job.get("error").and_then(Value::as_str).map(|error| format!(": {error}"));
    format!(
        "{} {}: {} done of {} that were meant{left}, {} looked at{}{}",
        part("id"),
        part("state"),
        part("done"),
        part("matched"),
        part("examined"),
        share.unwrap_or_default(),
        error.unwrap_or_default()
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_job_says_how_far_it_is() {
        let job = json!({"id": "job_1", "state": "running", "done": 3, "matched": 7,
            "examined": 20, "progress": 0.25, "error": null});
        let wanted = "job_1 running: 3 done of 7 that were meant, 20 looked at, 25 %";
        assert_eq!(told(&job), wanted);
        let job = json!({"id": "job_1", "state": "done", "done": 3, "matched": 7, "skipped": 0,
            "refused": 4, "examined": 20, "progress": 1.0, "error": null});
        let wanted = "job_1 done: 3 done of 7 that were meant, 4 refused, 20 looked at";
        assert_eq!(told(&job), wanted);
    }
}
