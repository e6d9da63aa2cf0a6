//! What a person reads: one line for each thing that happens, when it happens.

use std::io::{IsTerminal as _, Write as _};
use std::sync::Arc;
use std::time::Instant;

use serde_json::Value;
use tokio::task::JoinHandle;

use super::story::Report;
use super::world::World;
use crate::receiver::Inbox;
use crate::receiver::graph::Sent;
use crate::receiver::smtp::Mail;
use crate::receiver::verify::Verdict;
use crate::receiver::webhook::Delivery;

/// A clock and a place to print.
pub(super) struct Timeline {
    start: Instant,
    colour: bool,
}

const LANE_WIDTH: usize = 12;

impl Timeline {
    pub(super) fn start() -> Self {
        Self { start: Instant::now(), colour: std::io::stdout().is_terminal() }
    }

    /// A line about somebody's doing.
    pub(super) fn line(&self, lane: &str, colour: u8, text: &str) {
        let seconds = self.start.elapsed().as_secs_f32();
        let lane = format!("{lane:<LANE_WIDTH$}");
        let lane = if self.colour { format!("\x1b[{colour}m{lane}\x1b[0m") } else { lane };
        write(&format!("{seconds:>6.2}s  {lane} {text}"));
    }

    /// A line that is not about a moment.
    pub(super) fn note(&self, text: &str) {
        write(text);
    }

    /// Prints what arrives at every receiver, for as long as the handle lives.
    pub(super) fn watch(self: &Arc<Self>, world: &World) -> JoinHandle<()> {
        let crm = self.follow(&world.crm.inbox, "→ CRM", 36, webhook);
        let screen = self.follow(&world.screen.inbox, "→ screen", 36, webhook);
        let slack = self.follow(&world.slack.inbox, "→ Slack", 35, slack);
        let mail = self.follow(&world.mail.inbox, "→ mail", 33, mail);
        let graph = self.follow(&world.graph.inbox, "→ WhatsApp", 32, whatsapp);
        tokio::spawn(async move {
            tokio::join!(crm, screen, slack, mail, graph);
        })
    }

    fn follow<T: Clone + Send + 'static>(
        self: &Arc<Self>,
        inbox: &Arc<Inbox<T>>,
        lane: &'static str,
        colour: u8,
        describe: fn(&T) -> String,
    ) -> impl Future<Output = ()> + Send + use<T> {
        let (timeline, inbox) = (Arc::clone(self), Arc::clone(inbox));
        async move {
            let mut arrivals = inbox.watch();
            let mut seen = 0;
            loop {
                let all = inbox.all();
                for item in all.iter().skip(seen) {
                    timeline.line(lane, colour, &describe(item));
                }
                seen = all.len();
                if arrivals.changed().await.is_err() {
                    return;
                }
            }
        }
    }

    /// What was expected, what came, and whether that is the same.
    pub(super) fn summary(&self, report: &Report) {
        write("");
        for check in &report.checks {
            let (mark, colour) = if check.good { ("✔", 32) } else { ("✘", 31) };
            let mark =
                if self.colour { format!("\x1b[{colour}m{mark}\x1b[0m") } else { mark.to_owned() };
            write(&format!("  {mark} {:<44} {}", check.name, check.detail));
        }
        let verdict = if report.all_good() {
            "everything arrived, once and signed"
        } else {
            "NOT everything arrived as it should"
        };
        write(&format!("\n{verdict}"));
    }
}

fn webhook(delivery: &Delivery) -> String {
    let signature = match delivery.verdict {
        Verdict::Valid => "  ✔ signed",
        Verdict::Invalid(_) => "  ✘ BAD SIGNATURE",
        Verdict::Unchecked => "",
    };
    let again = match delivery.attempt {
        0 | 1 => String::new(),
        attempt => format!("  (attempt {attempt})"),
    };
    let answer = match delivery.answered.as_u16() {
        200 => String::new(),
        status => format!("  answers {status}: it will be tried again"),
    };
    let who = who(delivery.json().get("data").unwrap_or(&Value::Null));
    format!("{:<24} {who}{signature}{again}{answer}", delivery.event_type)
}

fn who(data: &Value) -> String {
    let text = |name: &str| data.get(name).and_then(Value::as_str);
    if let Some(count) = data.get("count") {
        return format!("{count} breaches");
    }
    text("name").or(text("conversation_id")).unwrap_or_default().to_owned()
}

fn slack(message: &Value) -> String {
    message.get("text").and_then(Value::as_str).unwrap_or_default().replace('\n', " · ")
}

fn mail(mail: &Mail) -> String {
    let to = mail.to.join(", ");
    let size = mail.content.len();
    format!("a mail of {size} bytes for {to}")
}

fn whatsapp(sent: &Sent) -> String {
    format!("to +{}: “{}”", sent.to, sent.text)
}

/// A closed pipe ends the output, not the demo.
fn write(line: &str) {
    let mut out = std::io::stdout().lock();
    if writeln!(out, "{line}").is_err() {
        tracing::debug!("nobody reads the timeline");
    }
}
