//! One attempt at a delivery, from its row in the queue to its outcome.

use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ractor::ActorRef;
use sereno_workflows::dead_letters::Fault;
use sereno_workflows::id::{EndpointId, Sequence};
use sereno_workflows::privacy;
use sereno_workflows::product::Still;
use sereno_workflows::retry::Outcome;
use sereno_workflows::template::{Audience, Channel};
use sereno_workflows::time::{Span, Timestamp};
use sereno_workflows::window::Window;

use super::outcome::told;
use super::traced::{Traced, place};
use super::withheld::still;
use super::{EndpointActor, EndpointMessage, EndpointState};
use crate::channel::{Answer, Destination, Load, Receipt};
use crate::ledger::LedgerError;
use crate::ledger::queue::Queued;
use crate::limits;
use crate::live::Begun;
use crate::record::{DeliveryRecord, EventRecord};
use crate::shown;
use crate::template::Telling;
use crate::tenant::Surroundings;
use crate::turnstile::Pass;
use crate::vault::Vault;
use crate::view::TenantView;

/// An attempt that came to its end.
pub(crate) struct Ended {
    /// What was attempted.
    pub(crate) queued: Arc<Queued>,
    /// The type of the event that it carried or went with.
    pub(crate) event_type: String,
    /// What came of it.
    pub(crate) outcome: Outcome,
    /// The beginning of the answer's body.
    pub(crate) response: Vec<u8>,
    /// Whose fault it was, if it failed.
    pub(crate) fault: Fault,
    /// What the provider gave for it.
    pub(crate) receipt: Option<Receipt>,
    /// The text of a message to a customer, where it is the tenant's own.
    pub(crate) text: Option<String>,
    /// What went wrong with the tenant's own words, if ours went out instead of them.
    pub(crate) remark: Option<String>,
    /// When it began.
    pub(crate) began_at: Timestamp,
    /// How long it took.
    pub(crate) duration_ms: u32,
    /// Why it was none, where the message may no longer go, or not now.
    pub(crate) withheld: Option<Still>,
    /// The room that it takes up until what came of it is durable.
    pub(crate) pass: Pass,
}

/// The id under which the receiver knows a delivery, the same on every attempt.
pub fn delivery_id(delivery: Sequence) -> String {
    ["msg_", &delivery.to_text()].concat()
}

/// The delivery with this id.
pub fn of_delivery_id(id: &str) -> Option<Sequence> {
    Sequence::from_text(id.strip_prefix("msg_")?)
}

/// A delivery that is about to be attempted.
pub(super) struct Start {
    pub(super) queued: Queued,
    /// Its event, where that was read already.
    pub(super) event: Option<Arc<EventRecord>>,
    /// Whether somebody waits for it to come to its end, or to its queue.
    pub(super) offered: bool,
}

impl EndpointActor {
    /// Starts an attempt in a task of its own, and has this actor told of its end.
    pub(super) fn begin(
        &self,
        myself: &ActorRef<EndpointMessage>,
        state: &mut EndpointState,
        view: &Arc<TenantView>,
        Start { queued, event, offered }: Start,
    ) {
        let (around, view, id) = (self.around.clone(), Arc::clone(view), self.id);
        let myself = myself.clone();
        // On the heap at once: it is large, and would be moved on its way to the runtime.
        state.attempts.spawn(Box::pin(async move {
            let queued = Arc::new(queued);
            let slow = offered.then(|| Arc::clone(&queued));
            let mut attempt = pin!(attempt(&around, &view, id, queued, event));
            let patience = Duration::from_millis(limits::FAN_OUT_PATIENCE_MS);
            let ended = match slow {
                None => attempt.await,
                Some(slow) => match tokio::time::timeout(patience, &mut attempt).await {
                    Ok(ended) => ended,
                    Err(_) => {
                        // As below.
                        drop(myself.cast(EndpointMessage::Slow(slow)));
                        attempt.await
                    }
                },
            };
            // An error means that this actor is gone; its successor finds the delivery on disk.
            drop(myself.cast(EndpointMessage::Ended(Box::new(ended))));
        }));
    }
}

/// Carries a delivery to its destination, as soon as the engine has room for one more; its event is read
/// from the ledger unless it was offered with the delivery.
async fn attempt(
    around: &Surroundings,
    view: &TenantView,
    endpoint: EndpointId,
    queued: Arc<Queued>,
    offered: Option<Arc<EventRecord>>,
) -> Ended {
    let pass = around.attempts.pass(&view.id, endpoint).await;
    let began_at = around.ledger.now().timestamp();
    let (attempt, event) = (queued.record.attempts + 1, queued.record.event);
    let begun = Begun { at: began_at, attempt, event };
    view.live.began(endpoint, queued.delivery, begun);
    let began = Instant::now();
    // What waits for an answer waits in a task of its own, by thousands: it keeps what it needs, and that once.
    let (destination, mut load, traced) = match prepare(around, view, endpoint, &queued, offered) {
        Ok(ready) => ready,
        Err(unready) => {
            let ended = unready.came(view).ended(queued, (began_at, began), pass);
            tell(around.ledger.vault(), view, endpoint, &ended);
            return ended;
        }
    };
    // A report has the words that it was made with.
    let is_report = endpoint == EndpointId::READERS;
    let remark =
        (!is_report).then(|| find_words(view, &destination, &mut load, began_at)).flatten();
    let answer = around.channels.attempt(&destination, &load, began_at).await;
    let fault = Fault::of(&answer.outcome);
    let text = load.words.filter(|_| load.message.is_some()).map(|words| words.text);
    let came = Came { remark, text, ..Came::to(load.event_type, answer, fault) };
    let ended = came.ended(queued, (began_at, began), pass);
    tell(around.ledger.vault(), view, endpoint, &ended);
    if let (Some(traced), Some(tracing)) = (traced, &around.tracing) {
        traced.put(tracing, endpoint, &ended);
    }
    ended
}

/// What an attempt came to.
struct Came {
    event_type: String,
    answer: Answer,
    fault: Fault,
    text: Option<String>,
    remark: Option<String>,
    withheld: Option<Still>,
}

impl Came {
    fn to(event_type: String, answer: impl Into<Answer>, fault: Fault) -> Self {
        let answer = answer.into();
        Self { event_type, answer, fault, text: None, remark: None, withheld: None }
    }

    fn ended(self, queued: Arc<Queued>, (at, began): (Timestamp, Instant), pass: Pass) -> Ended {
        let Self { event_type, answer, fault, text, remark, withheld } = self;
        let Answer { outcome, response, receipt } = answer;
        let duration_ms = u32::try_from(began.elapsed().as_millis()).unwrap_or(u32::MAX);
        Ended {
            queued,
            event_type,
            outcome,
            response,
            receipt,
            fault,
            text,
            remark,
            began_at: at,
            duration_ms,
            withheld,
            pass,
        }
    }
}

/// Tells the log of an attempt: not what was sent, nor what came back.
fn tell(vault: &Vault, view: &TenantView, endpoint: EndpointId, ended: &Ended) {
    tracing::debug!(
        tenant = %view.id,
        endpoint.id = endpoint.own_road().is_none().then_some(endpoint.0),
        recipients = endpoint.own_road(),
        delivery.id = delivery_id(ended.queued.delivery),
        event.place = ended.queued.record.event.to_text(),
        event.type = %shown::name(vault, &ended.event_type),
        attempt = ended.queued.record.attempts + 1,
        code = told(&ended.outcome).0,
        duration_ms = ended.duration_ms,
        "an attempt ended"
    );
}

/// Has the tenant's own words for a load rendered; answers why they cannot be, where ours must do.
fn find_words(
    view: &TenantView,
    destination: &Destination,
    load: &mut Load,
    now: Timestamp,
) -> Option<String> {
    let templates = view.templates.as_ref()?;
    let channel = match destination {
        Destination::Webhook { .. } => return None,
        Destination::Slack { .. } => Channel::Slack,
        Destination::Email { .. } => Channel::Email,
        Destination::WhatsApp { .. } => Channel::Whatsapp,
    };
    let is_customer = load.message.is_some();
    let telling = Telling {
        event_type: &load.event_type,
        body: &load.body,
        audience: if is_customer { Audience::Customer } else { Audience::Staff },
        channel,
        locale: None,
        now,
    };
    match templates.words(&view.policy, telling)? {
        Ok(words) => {
            load.words = Some(words);
            None
        }
        Err(error) => Some(format!("the built-in words were sent, for the template {error}")),
    }
}

enum Unready {
    Ledger(LedgerError),
    Never {
        error: String,
        event_type: String,
        fault: Fault,
    },
    /// An attempt whose answer was lost has arrived all the same, as the provider says.
    Taken(String),
    /// It may no longer go, or not now.
    Withheld(String, Still),
}

impl Unready {
    /// What an attempt comes to that was none.
    fn came(self, view: &TenantView) -> Came {
        let none = Outcome::Done { code: -1 };
        match self {
            Self::Taken(event_type) => Came::to(event_type, none, Fault::System),
            Self::Withheld(event_type, still) => {
                Came { withheld: Some(still), ..Came::to(event_type, none, Fault::System) }
            }
            Self::Ledger(error) => {
                tracing::error!(%error, tenant = %view.id, "a delivery cannot be read");
                let (error, after) = (error.to_string(), Some(Span::minutes(1)));
                let later = Outcome::Retry { code: -1, error, after };
                Came::to(String::new(), later, Fault::System)
            }
            Self::Never { error, event_type, fault } => {
                Came::to(event_type, Outcome::Dead { code: -1, error }, fault)
            }
        }
    }
}

fn prepare(
    around: &Surroundings,
    view: &TenantView,
    id: EndpointId,
    queued: &Queued,
    offered: Option<Arc<EventRecord>>,
) -> Result<(Destination, Load, Option<Traced>), Unready> {
    let record = &queued.record;
    let event = match offered {
        Some(event) => event,
        None => {
            let event = around.ledger.event(&view.id, record.event).map_err(Unready::Ledger)?;
            let event = event.ok_or_else(|| Unready::Never {
                error: "its event is no longer kept".to_owned(),
                event_type: String::new(),
                fault: Fault::System,
            })?;
            Arc::new(event)
        }
    };
    let misconfigured = |error| Unready::Never {
        error,
        event_type: event.event_type.clone(),
        fault: Fault::Configuration,
    };
    let settings = &view.policy.settings;
    let mut destination = whither(around, view, id, record).map_err(misconfigured)?;
    let own = view.endpoints.get(&id).and_then(|endpoint| endpoint.config.timeout);
    if let Destination::WhatsApp { to, window, .. } = &mut destination {
        if record.attempts > 0 && is_taken(around, view, queued.delivery)? {
            return Err(Unready::Taken(event.event_type.clone()));
        }
        if let Some(tell) = &record.tell {
            match still(around, view, tell, &event).map_err(Unready::Ledger)? {
                Still::Holds => {}
                still => return Err(Unready::Withheld(event.event_type.clone(), still)),
            }
        }
        let number = privacy::phone_or_text(to);
        let now = around.ledger.now().timestamp();
        *window = around.ledger.window(&view.id, &number, now).map_err(Unready::Ledger)?;
    }
    let to_customer = record.tell.as_ref().filter(|_| id != EndpointId::READERS);
    let (delivery, attempt) = (delivery_id(queued.delivery), record.attempts + 1);
    let trace = place(around.tracing.as_ref(), &event, &delivery, attempt);
    let traced = around.tracing.as_ref().filter(|_| trace.is_sampled());
    let vault = around.ledger.vault();
    let traced = traced.map(|_| Traced::new(&trace, vault, (&view.id, &event), &destination));
    let load = Load {
        id: delivery,
        attempt,
        trace,
        event_type: event.event_type.clone(),
        body: event.body.clone(),
        message: to_customer.map(|tell| tell.message.clone()),
        words: None,
        locale: settings.locale,
        zone: view.policy.zone.clone(),
        timeout: own.or(settings.timeout).map(Into::into),
    };
    Ok((destination, load, traced))
}

/// Where a delivery goes, or what in the settings is amiss.
fn whither(
    around: &Surroundings,
    view: &TenantView,
    id: EndpointId,
    record: &DeliveryRecord,
) -> Result<Destination, String> {
    let settings = &view.policy.settings;
    match (&record.tell, view.endpoints.get(&id)) {
        (Some(tell), _) if id == EndpointId::READERS => Ok(Destination::Email {
            to: tell.to.clone(),
            smtp: settings.smtp.clone().or_else(|| view.server_smtp.clone()),
            by_operator: settings.smtp.is_none(),
            unsubscribe: None,
        }),
        (Some(tell), _) => Ok(Destination::WhatsApp {
            to: tell.to.clone(),
            line: settings.whatsapp.clone(),
            window: Window::Unknown,
        }),
        (None, Some(endpoint)) => endpoint.destination(view, around.ledger.now().timestamp()),
        (None, None) => Err("the endpoint was deleted".to_owned()),
    }
}

/// Whether the provider has said that it has a message, though we never got its answer.
fn is_taken(around: &Surroundings, view: &TenantView, delivery: Sequence) -> Result<bool, Unready> {
    let ledger = &around.ledger;
    if ledger.receipt(&view.id, delivery).map_err(Unready::Ledger)?.is_some() {
        // An answer came: whoever wants it sent again knows what became of it.
        return Ok(false);
    }
    let word = ledger.provider_word(&view.id, delivery).map_err(Unready::Ledger)?;
    Ok(word.statuses.iter().any(|(status, _)| status.is_good()))
}
