//! What a person reads: one line for each thing that happens, when it happens.

use std::io::{IsTerminal as _, Write as _};
use std::sync::Arc;
use std::time::Instant;

use serde_json::Value;
use tokio::task::JoinHandle;

use super::expected;
use super::report::Report;
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

/// Who does something.
#[derive(Clone, Copy)]
pub(super) enum Actor {
    /// The restaurant's own software.
    Restaurant,
    /// A guest, by name.
    Customer(&'static str),
}

/// Where something arrives. All icons are two columns wide.
#[derive(Clone, Copy)]
struct Lane {
    icon: &'static str,
    name: &'static str,
    colour: u8,
}

const CRM: Lane = Lane { icon: "🔗", name: "CRM", colour: 36 };
const SCREEN: Lane = Lane { icon: "🍳", name: "kitchen", colour: 34 };
const SLACK: Lane = Lane { icon: "📣", name: "Slack", colour: 35 };
const MAIL: Lane = Lane { icon: "📧", name: "mail", colour: 33 };
const WHATSAPP: Lane = Lane { icon: "💬", name: "WhatsApp", colour: 32 };
const BOLD: u8 = 1;
const GREEN: u8 = 32;
const RED: u8 = 31;
const LANE_CHARS: usize = 10;

impl Timeline {
    pub(super) fn start() -> Self {
        Self { start: Instant::now(), colour: std::io::stdout().is_terminal() }
    }

    /// What there is to see.
    pub(super) fn intro(&self) {
        self.note(
            "An evening at La Trattoria. Sereno reminds guests on WhatsApp, understands their answers, \
             notices who\nnever came or waits too long, and tells the CRM, the kitchen, Slack and the \
             manager's mail, once and signed.\nFast calendar: 24 h = 6 s, 2 h = 3 s.  ▶ is what people \
             do; every other line really arrived over a socket.\n",
        );
    }

    /// A line about somebody's doing.
    pub(super) fn act(&self, actor: Actor, text: &str) {
        let (icon, name) = match actor {
            Actor::Restaurant => ("🍝", "restaurant"),
            Actor::Customer(name) => ("👤", name),
        };
        self.line('▶', Lane { icon, name, colour: BOLD }, text);
    }

    /// A line that is not about a moment.
    pub(super) fn note(&self, text: &str) {
        write(text);
    }

    /// Prints what arrives at every receiver, for as long as the handle lives.
    pub(super) fn watch(self: &Arc<Self>, world: &World) -> JoinHandle<()> {
        let crm = self.follow(&world.crm.inbox, CRM, webhook);
        let screen = self.follow(&world.screen.inbox, SCREEN, webhook);
        let slack = self.follow(&world.slack.inbox, SLACK, slack);
        let mail = self.follow(&world.mail.inbox, MAIL, mail);
        let graph = self.follow(&world.graph.inbox, WHATSAPP, whatsapp);
        tokio::spawn(async move {
            tokio::join!(crm, screen, slack, mail, graph);
        })
    }

    fn follow<T: Clone + Send + 'static>(
        self: &Arc<Self>,
        inbox: &Arc<Inbox<T>>,
        lane: Lane,
        describe: fn(&T) -> String,
    ) -> impl Future<Output = ()> + Send + use<T> {
        let (timeline, inbox) = (Arc::clone(self), Arc::clone(inbox));
        async move {
            let mut arrivals = inbox.watch();
            let mut seen = 0;
            loop {
                let all = inbox.all();
                for item in all.iter().skip(seen) {
                    timeline.line(' ', lane, &describe(item));
                }
                seen = all.len();
                if arrivals.changed().await.is_err() {
                    return;
                }
            }
        }
    }

    fn line(&self, mark: char, lane: Lane, text: &str) {
        let seconds = format!("+{:.1}s", self.start.elapsed().as_secs_f32());
        let name = self.painted(&format!("{:<LANE_CHARS$}", lane.name), lane.colour);
        write(&format!("{seconds:>6} {mark} {} {name} {text}", lane.icon));
    }

    fn painted(&self, text: &str, colour: u8) -> String {
        if self.colour { format!("\x1b[{colour}m{text}\x1b[0m") } else { text.to_owned() }
    }

    /// What was expected, what came, and whether that is the same.
    pub(super) fn summary(&self, report: &Report) {
        write(&format!("\n    {:<42} expected  arrived", ""));
        for check in &report.checks {
            let (mark, colour) = if check.good { ("✔", GREEN) } else { ("✘", RED) };
            let mark = self.painted(mark, colour);
            let (expected, arrived) = (check.expected, check.arrived);
            write(&format!(
                "  {mark} {:<42} {expected:>8} {arrived:>8}{}",
                check.name, check.detail
            ));
        }
        let (verdict, colour) = if report.all_good() { ("yes", GREEN) } else { ("NO", RED) };
        write(&format!("\neverything arrived: {}", self.painted(verdict, colour)));
    }
}

fn webhook(delivery: &Delivery) -> String {
    let signature = match delivery.verdict {
        Verdict::Valid => "✔ signed",
        Verdict::Invalid(_) => "✘ BAD SIGNATURE",
        Verdict::Unchecked => "",
    };
    let again = match delivery.attempt {
        0 | 1 => String::new(),
        attempt => format!(", attempt {attempt}: taken"),
    };
    let fate = match delivery.answered.as_u16() {
        200 => again,
        status => format!(", answers {status}: Sereno will try again"),
    };
    let (icon, event_type) = (icon(&delivery.event_type), &delivery.event_type);
    let about = about(delivery.json().get("data").unwrap_or(&Value::Null));
    format!("{icon} {event_type:<22} {about:<22} {signature}{fate}")
}

fn icon(event_type: &str) -> &'static str {
    match event_type {
        "reservation.created" => "📅",
        "reservation.confirmed" => "✅",
        "reservation.cancelled" => "❌",
        "reservation.arrived" => "👋",
        "reminder.no_show" => "👻",
        "handoff.opened" => "🙋",
        "handoff.replied" => "🤝",
        "sla.breached" => "🔥",
        "incident.sla_cluster" => "🚨",
        "conversation.started" => "🗨️",
        "lead.created" => "👤",
        "whatsapp.message.received" => "💬",
        _ if event_type.starts_with("reminder.") => "⏰",
        _ => "🔔",
    }
}

fn about(data: &Value) -> String {
    let text = |name: &str| data.get(name).and_then(Value::as_str);
    if let Some(count) = data.get("count") {
        return format!("{count} chats unanswered");
    }
    match (text("name"), data.get("party_size")) {
        (Some(name), Some(people)) => format!("{name}, {people} people"),
        (Some(name), None) => name.to_owned(),
        (None, _) => text("conversation_id").unwrap_or_default().to_owned(),
    }
}

/// The title and the first fact; the rest is in the message.
fn slack(message: &Value) -> String {
    let text = message.get("text").and_then(Value::as_str).unwrap_or_default();
    text.lines().take(2).collect::<Vec<_>>().join(" · ")
}

fn mail(mail: &Mail) -> String {
    format!("{}  (to {})", mail.subject(), mail.to.join(", "))
}

fn whatsapp(sent: &Sent) -> String {
    let guest = expected::GUESTS.iter().find(|guest| guest.number == sent.to);
    let to = guest.map_or(sent.to.as_str(), |guest| guest.name);
    format!("to {to}: “{}”", sent.text)
}

/// A closed pipe ends the output, not the demo.
fn write(line: &str) {
    let mut out = std::io::stdout().lock();
    if writeln!(out, "{line}").is_err() {
        tracing::debug!("nobody reads the timeline");
    }
}
