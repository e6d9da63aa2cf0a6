//! The one clock: sleeps until the earliest due timer, wakes whom it is for, sleeps again.
//!
//! ```text
//!  committer --Arm--> [ near: timers of the next minute ] --ring--> tenant --> entity --+
//!                      [ ledger: all the others         ]                              |
//!       ^                                                                              |
//!       +---------------------- Settled, or Lost if the actor died --------------------+
//! ```
//! Nothing polls. Timers are rows; memory holds those of the next minute and the time of the first one
//! beyond. A timer's row is removed by the commit that records its firing, never before, so a timer
//! that is under way when the process dies fires again, and the workflow recognises a stale wake.
//!
//! Arming may be early but never late: a row is durable before the clock hears of it, and a clock that
//! starts anew reads them all. At most [`WAKES_IN_FLIGHT_MAX`](limits::WAKES_IN_FLIGHT_MAX) wakes are
//! under way at once, so that a backlog after downtime is released in waves.

mod state;
mod window;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use ractor::{Actor, ActorProcessingErr, ActorRef, SupervisionEvent};
use sereno_workflows::id::{EndpointId, TenantId};
use sereno_workflows::time::{Span, Timestamp};
use tokio::sync::oneshot;

use self::state::ClockState;
use self::window::read_window;
use crate::hints::Hints;
use crate::ledger::{Ledger, LedgerError};
use crate::limits;
use crate::record::TimerRecord;
use crate::record::key::{self, TimerKey};
use crate::shown;
use crate::store::Partition;
use crate::tenant::TenantMessage;
use crate::ticket::{Tally, Ticket};

/// How long before the first timer beyond the window the window is moved.
const LEAD: Span = Span::seconds(10);
/// The longest sleep before the wall clock is looked at again.
const SLEEP_MAX: Span = Span::seconds(60);

/// The clock.
pub(crate) struct Clock {
    pub(crate) ledger: Arc<Ledger>,
    pub(crate) hints: Arc<Hints>,
}

/// What the clock is told.
pub(crate) enum ClockMessage {
    /// Read the timers that are due soon; everyone who may be woken is up.
    Start(oneshot::Sender<()>),
    /// A timer is durable.
    Arm(TimerKey, TimerRecord),
    /// An endpoint's next delivery is due then.
    ArmEndpoint {
        /// The tenant.
        tenant: TenantId,
        /// The endpoint.
        endpoint: EndpointId,
        /// When.
        due: Timestamp,
    },
    /// A wake came to its end and its row is gone.
    Settled(TimerKey),
    /// The actor died on a wake, or was not there.
    Lost {
        /// The timer.
        timer: TimerKey,
        /// What it is for.
        what: TimerRecord,
        /// Whether an actor had it in its hands.
        deadly: bool,
    },
    /// A tenant was deleted, and its timers are going.
    Forget(TenantId),
    /// It is time.
    Ring,
    /// Fire what is due of one tenant and count what comes of it.
    FireDue {
        /// The tenant.
        tenant: TenantId,
        /// Where the wakes report.
        tally: Tally,
    },
    /// Fire a timer now, whenever it is due, unless it is under way.
    Fire {
        /// The timer.
        timer: TimerKey,
        /// What it is for.
        what: TimerRecord,
        /// Where the wake reports.
        tally: Tally,
    },
}

impl Actor for Clock {
    type Msg = ClockMessage;
    type State = ClockState;
    type Arguments = ();

    async fn pre_start(
        &self,
        _myself: ActorRef<ClockMessage>,
        (): (),
    ) -> Result<ClockState, ActorProcessingErr> {
        Ok(ClockState::default())
    }

    async fn handle(
        &self,
        myself: ActorRef<ClockMessage>,
        message: ClockMessage,
        state: &mut ClockState,
    ) -> Result<(), ActorProcessingErr> {
        match message {
            ClockMessage::Start(ready) => self.start(state, ready).await?,
            ClockMessage::Arm(timer, what) => state.arm(timer, what),
            ClockMessage::ArmEndpoint { tenant, endpoint, due } => {
                state.arm_endpoint(tenant, endpoint, due);
            }
            ClockMessage::Settled(timer) => state.settle(&timer),
            ClockMessage::Lost { timer, what, deadly } => self.lost(state, timer, what, deadly),
            ClockMessage::Forget(tenant) => state.forget(&tenant),
            ClockMessage::Ring => state.ring = None,
            ClockMessage::FireDue { tenant, tally } => {
                self.fire_due(&myself, state, &tenant, &tally);
            }
            ClockMessage::Fire { timer, what, tally } => {
                state.near.remove(&timer);
                self.wake(&myself, state, timer, what, Some(tally));
            }
        }
        if state.started {
            self.ring_what_is_due(&myself, state).await?;
            self.sleep_until_next(&myself, state);
        }
        Ok(())
    }

    async fn handle_supervisor_evt(
        &self,
        _myself: ActorRef<ClockMessage>,
        _event: SupervisionEvent,
        _state: &mut ClockState,
    ) -> Result<(), ActorProcessingErr> {
        Ok(())
    }
}

impl Clock {
    async fn start(
        &self,
        state: &mut ClockState,
        ready: oneshot::Sender<()>,
    ) -> Result<(), LedgerError> {
        self.move_window(state).await?;
        state.started = true;
        ready.send(()).ok();
        Ok(())
    }

    async fn ring_what_is_due(
        &self,
        myself: &ActorRef<ClockMessage>,
        state: &mut ClockState,
    ) -> Result<(), LedgerError> {
        let now = self.ledger.now().timestamp();
        while let Some((due, tenant, endpoint)) = state.endpoints.first().cloned() {
            if due > now {
                break;
            }
            state.disarm_endpoint(&tenant, endpoint, due);
            self.hints.deliver(&tenant, endpoint, due);
        }
        state.bring_back(now);
        loop {
            while state.has_room() {
                let Some(first) = state.near.first_entry().filter(|first| first.key().due <= now)
                else {
                    break;
                };
                let (timer, what) = first.remove_entry();
                self.wake(myself, state, timer, what, None);
            }
            let window_reached = state.beyond.is_some_and(|beyond| beyond.before(LEAD) <= now);
            if !window_reached || !state.has_room() {
                return Ok(());
            }
            self.move_window(state).await?;
        }
    }

    fn wake(
        &self,
        myself: &ActorRef<ClockMessage>,
        state: &mut ClockState,
        timer: TimerKey,
        what: TimerRecord,
        tally: Option<Tally>,
    ) {
        if !state.begin(&timer) {
            return;
        }
        let late = self.ledger.now().timestamp().since(timer.due);
        self.ledger.statistics().gauges.rang_after(late);
        let quarantine =
            state.deaths.get(&timer).is_some_and(|&deaths| deaths >= limits::DEATHS_MAX);
        let tenant = self.hints.tenant(&timer.tenant);
        let ticket = Ticket::new(timer, what, myself.clone(), tally);
        // Without a tenant the ticket is dropped here, which brings the timer back in a while.
        let Some(tenant) = tenant else { return };
        let message = if quarantine {
            TenantMessage::Quarantine(ticket)
        } else {
            TenantMessage::Wake(ticket)
        };
        if tenant.actor.cast(message).is_err() {
            tracing::debug!("a wake came while its tenant restarts; it will come again");
        }
    }

    fn lost(&self, state: &mut ClockState, timer: TimerKey, what: TimerRecord, deadly: bool) {
        let what = state.meanwhile(&timer).unwrap_or(what);
        if self.ledger.is_deleted(&timer.tenant) {
            return;
        }
        if deadly {
            let deaths = state.deaths.entry(timer.clone()).or_default();
            *deaths += 1;
            tracing::warn!(entity = %shown::key(self.ledger.vault(), &timer.entity), tenant = %timer.tenant, deaths,
                "an actor died on a wake");
        }
        // It comes again under its own key, but not at once: what killed the actor may pass.
        let pause = Span::millis(limits::WAKE_AGAIN_MS);
        state.again.push((self.ledger.now().timestamp().after(pause), timer, what));
    }

    fn fire_due(
        &self,
        myself: &ActorRef<ClockMessage>,
        state: &mut ClockState,
        tenant: &TenantId,
        tally: &Tally,
    ) {
        let now = self.ledger.now().timestamp();
        let due: Vec<TimerKey> = state
            .near
            .keys()
            .take_while(|timer| timer.due <= now)
            .filter(|timer| timer.tenant == *tenant)
            .cloned()
            .collect();
        for timer in due {
            if let Some(what) = state.near.remove(&timer) {
                self.wake(myself, state, timer, what, Some(tally.clone()));
            }
        }
    }

    /// Reads the timers of the next minute; fewer where there are too many of them.
    async fn move_window(&self, state: &mut ClockState) -> Result<(), LedgerError> {
        let ledger = Arc::clone(&self.ledger);
        let from = state.horizon;
        let until = ledger.now().timestamp().after(Span::millis(limits::TIMER_WINDOW_MS));
        let partitions: BTreeSet<Partition> =
            self.hints.views().iter().map(|view| key::partition(&view.id)).collect();
        let read = move || read_window(&ledger, &partitions, from, until.max(from));
        let window = tokio::task::spawn_blocking(read).await;
        let Ok(window) = window else { return Ok(()) };
        let window = window?;
        state.look_at(window);
        Ok(())
    }

    fn sleep_until_next(&self, myself: &ActorRef<ClockMessage>, state: &mut ClockState) {
        let Some(next) = state.next_ring() else { return };
        match &state.ring {
            Some((set, _)) if *set <= next => return,
            Some((_, sleeper)) => sleeper.abort(),
            None => {}
        }
        let now = self.ledger.now().timestamp();
        // Never for long: the machine may be suspended or its clock set, which a sleep does not notice.
        let next = next.min(now.after(SLEEP_MAX));
        let sleep = Duration::from(next.since(now));
        let myself = myself.clone();
        let sleeper = ractor::concurrency::spawn(async move {
            tokio::time::sleep(sleep).await;
            // An error means that this clock is gone; the next one sets its own alarm.
            myself.cast(ClockMessage::Ring).ok();
        });
        state.ring = Some((next, sleeper));
    }
}
