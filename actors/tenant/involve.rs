//! What an event of conversations, people and products means for each entity: one commit for all of it.
//!
//! The event itself goes with the entity that it is most about, and is announced once, as every event is.
//! The others get what follows from it as deeds that nothing tells of.

use std::collections::BTreeMap;

use sereno_workflows::contact;
use sereno_workflows::conversation::{self, What};
use sereno_workflows::event::{Commerce, Fact, Named, Order, Preference, Stocked, Talk};
use sereno_workflows::id::EntityKey;
use sereno_workflows::lead::{self, Meeting, Way, Who, Wish};
use sereno_workflows::product;
use sereno_workflows::time::Timestamp;
use sereno_workflows::trace::TraceContext;

use super::lines::{kind_of, line, way_of};
use super::people::quiet;
use super::{Tenant, TenantState};
use crate::announce::{Announcement, Context, announce};
use crate::entity::{Command, Deed, Halves, Origin};
use crate::gather::Refusal;
use crate::journey::Journey;
use crate::ledger::{Draft, Ledger};
use crate::record::HistoryKind;
use crate::trace::{Step, put_step};

/// What a commit is made of before its entities have decided.
pub(super) struct Work {
    pub(super) draft: Draft,
    pub(super) deeds: BTreeMap<EntityKey, Vec<Deed>>,
    /// The event of the submission that is being handed out.
    pub(super) place: Option<usize>,
    /// Its place in a trace, in which what follows from it is too.
    pub(super) trace: Option<TraceContext>,
}

impl Work {
    /// Nothing beside this draft yet.
    pub(super) fn new(draft: Draft) -> Self {
        Self { draft, deeds: BTreeMap::new(), place: None, trace: None }
    }

    /// A deed for an entity, after those that it has.
    pub(super) fn add(&mut self, key: EntityKey, deed: Deed) {
        let trace = deed.trace.or_else(|| self.trace.clone());
        let deed = Deed { place: self.place, trace, ..deed };
        self.deeds.entry(key).or_default().push(deed);
    }
}

/// A submitted event on its way to whom it concerns.
pub(super) struct Coming {
    pub(super) event: Announcement,
    /// Which of its submission it is.
    pub(super) place: usize,
    /// Its way so far.
    pub(super) journey: Box<Journey>,
}

impl Coming {
    /// The deed that it tells of.
    pub(super) fn deed(self, command: Command, talk: Option<String>) -> Deed {
        let Self { event, place, journey } = self;
        let deed = Deed::unprompted(command, Origin::Event, event.at);
        Deed { event: Some(event), talk, place: Some(place), journey: Some(journey), ..deed }
    }
}

impl Tenant {
    pub(super) fn ledger(&self) -> &Ledger {
        &self.around.ledger
    }

    /// Hands what an event means to everyone whom it concerns.
    pub(super) fn involve(
        &self,
        state: &mut TenantState,
        work: &mut Work,
        coming: Coming,
        fact: Fact,
    ) -> Result<(), Refusal> {
        match fact {
            Fact::Talk(talk) => self.talk(state, work, coming, *talk),
            Fact::Commerce(commerce) => self.trade(state, work, coming, *commerce),
            Fact::Preference(preference) => self.prefer(state, work, coming, *preference),
            Fact::Reservation(..) | Fact::Handoff(..) | Fact::Other => {
                self.say(state, work, coming, None);
                Ok(())
            }
        }
    }

    fn talk(
        &self,
        state: &mut TenantState,
        work: &mut Work,
        mut coming: Coming,
        talk: Talk,
    ) -> Result<(), Refusal> {
        let Talk { conversation_id: id, who, channel, what, text, message_id } = talk;
        let at = coming.event.at;
        let before = self.who_talks(state, &id)?;
        let (lead, taken) = match self.met(state, work, &who, at)? {
            Some((lead, taken)) => (Some(lead), taken),
            None => (before.clone().flatten(), false),
        };
        self.note_talk(state, lead.as_deref(), (&id, channel.as_deref()))?;
        coming.journey.about(lead.as_deref());
        let owner = lead.clone().unwrap_or_else(|| id.clone());
        if let Some(kind) = kind_of(&what) {
            let line = line(&coming.event, kind, Some(id.clone()), message_id, text.clone());
            work.draft.history(&owner, self.ledger().sequence(), &line);
        }
        if let (Some(lead), Some(way)) = (&lead, way_of(&what)) {
            let campaign = match &what {
                What::Start { campaign, .. } => campaign.clone(),
                _ => None,
            };
            let (channel, conversation) = (channel.clone(), Some(id.clone()));
            let begins = before.is_none();
            let meeting = Meeting { who, way, begins, taken, channel, campaign, conversation };
            work.add(EntityKey::lead(lead), quiet(meet(meeting), at));
        }
        if let (Some(lead), What::Receive { .. }, Some(text)) = (&lead, &what, &text) {
            self.wish_of(state, work, lead, (text, false), at)?;
        }
        if let What::Receive { .. } = &what {
            self.wake_handoff(state, work, &id, at)?;
        }
        let halves = match &what {
            What::Escalate(reason) => {
                self.escalate(state, work, (&id, lead.as_deref()), reason.clone(), &coming.event)?
            }
            What::End(_) => self.may_go_back(state, work, &id, at)?,
            _ => Halves::default(),
        };
        see(work, &what, lead.as_deref(), &id, at);
        let command = conversation::Command { lead, channel, what };
        let command = Command::Conversation(command);
        let deed = coming.deed(command, Some(id.clone()));
        work.add(EntityKey::conversation(&id), Deed { halves, ..deed });
        Ok(())
    }

    fn trade(
        &self,
        state: &mut TenantState,
        work: &mut Work,
        coming: Coming,
        commerce: Commerce,
    ) -> Result<(), Refusal> {
        let at = coming.event.at;
        let because = coming.event.id.as_ref().map(|id| id.as_str().to_owned()).unwrap_or_default();
        let (sku, command) = match commerce {
            Commerce::Ordered(order) => return self.order(state, work, coming, order),
            Commerce::Stock(items) => {
                for Stocked { product: Named { sku, name }, left } in items {
                    let because = because.clone();
                    let command = product::Command::Stock { name, left, because };
                    work.add(EntityKey::product(&sku), quiet(Command::Product(command), at));
                }
                self.say(state, work, coming, None);
                return Ok(());
            }
            Commerce::Price { product: Named { sku, name }, old, new } => {
                (sku, product::Command::Reprice { name, old, new, because })
            }
            Commerce::Added(Named { sku, name }) => (sku, product::Command::Add { name }),
            Commerce::Removed(Named { sku, .. }) => (sku, product::Command::Remove),
        };
        work.add(EntityKey::product(&sku), coming.deed(Command::Product(command), None));
        Ok(())
    }

    fn order(
        &self,
        state: &mut TenantState,
        work: &mut Work,
        mut coming: Coming,
        order: Order,
    ) -> Result<(), Refusal> {
        let Order { order_id, conversation_id, who } = order;
        let at = coming.event.at;
        let talk = match &conversation_id {
            Some(id) => self.who_talks(state, id)?,
            None => None,
        };
        let lead = match self.met(state, work, &who, at)? {
            Some((lead, taken)) => Some((lead, taken)),
            None => talk.clone().flatten().map(|lead| (lead, false)),
        };
        // A conversation that nobody has told of is none, and an order does not make one.
        let conversation = conversation_id.filter(|_| talk.is_some());
        if let Some((lead, taken)) = &lead {
            let kind = HistoryKind::Order;
            let line = line(&coming.event, kind, conversation.clone(), order_id.clone(), None);
            work.draft.history(lead, self.ledger().sequence(), &line);
            let meeting = Meeting { taken: *taken, ..meeting(who, Way::Order) };
            work.add(EntityKey::lead(lead), quiet(meet(meeting), at));
        }
        let lead = lead.map(|(lead, _)| lead);
        coming.journey.about(lead.as_deref());
        match conversation {
            Some(id) => {
                let what = What::Order(order_id.unwrap_or_default());
                let command = conversation::Command { lead, channel: None, what };
                let command = Command::Conversation(command);
                work.add(EntityKey::conversation(&id), coming.deed(command, Some(id.clone())));
            }
            None => self.say(state, work, coming, lead.as_deref().map(EntityKey::lead)),
        }
        Ok(())
    }

    fn prefer(
        &self,
        state: &mut TenantState,
        work: &mut Work,
        mut coming: Coming,
        preference: Preference,
    ) -> Result<(), Refusal> {
        let Preference { who, wanted } = preference;
        let at = coming.event.at;
        let Some((lead, taken)) = self.met(state, work, &who, at)? else {
            self.say(state, work, coming, None);
            return Ok(());
        };
        coming.journey.about(Some(&lead));
        let meeting = Meeting { taken, ..meeting(who, Way::Mention) };
        work.add(EntityKey::lead(&lead), quiet(meet(meeting), at));
        self.wish(state, work, &lead, (wanted, "preference".to_owned(), false), at)?;
        self.say(state, work, coming, Some(EntityKey::lead(&lead)));
        Ok(())
    }

    /// What a message says of wanting more of them, if it says anything.
    pub(super) fn wish_of(
        &self,
        state: &mut TenantState,
        work: &mut Work,
        lead: &str,
        (text, answer): (&str, bool),
        at: Timestamp,
    ) -> Result<(), Refusal> {
        match contact::wish(text, &state.view.policy.settings.opt_out) {
            Some(wanted) => self.wish(state, work, lead, (wanted, text.to_owned(), answer), at),
            None => Ok(()),
        }
    }

    /// Somebody wants to hear things unasked, or no longer.
    pub(super) fn wish(
        &self,
        state: &mut TenantState,
        work: &mut Work,
        lead: &str,
        (wanted, how, answer): (bool, String, bool),
        at: Timestamp,
    ) -> Result<(), Refusal> {
        let wish = Wish { wanted, how, at: at.min(self.ledger().now().timestamp()) };
        self.note_wish(state, lead, &wish)?;
        let command = Command::Lead(lead::Command::Wish { wish, answer });
        work.add(EntityKey::lead(lead), quiet(command, at));
        Ok(())
    }

    /// Finds somebody and adds what follows from how they were found.
    pub(super) fn met(
        &self,
        state: &mut TenantState,
        work: &mut Work,
        who: &Who,
        at: Timestamp,
    ) -> Result<Option<(String, bool)>, Refusal> {
        let Some(found) = self.meet(state, who, at)? else { return Ok(None) };
        found.deeds.into_iter().for_each(|(key, deed)| work.add(key, deed));
        Ok(Some((found.lead, found.taken)))
    }

    /// Announces an event that no entity decides on.
    pub(super) fn say(
        &self,
        state: &TenantState,
        work: &mut Work,
        coming: Coming,
        entity: Option<EntityKey>,
    ) {
        let Coming { event, mut journey, .. } = coming;
        self.put_record(state, &event, &mut journey, false);
        let context = Context { entity, journey: Some(journey), ..Context::default() };
        announce(&mut work.draft, &self.around.ledger, &state.view, event, context);
    }

    /// Puts into its trace that an event is recorded on which no entity decides.
    pub(super) fn put_record(
        &self,
        state: &TenantState,
        event: &Announcement,
        journey: &mut Journey,
        is_ignored: bool,
    ) {
        let Some(tracing) = &self.around.tracing else { return };
        let ledger = &self.around.ledger;
        let (tenant, vault, ended) = (&state.view.id, ledger.vault(), ledger.now().micros());
        let step = Step { tenant, vault, event, entity: None, is_ignored, ended };
        put_step(Some(tracing), journey, step);
    }
}

/// A meeting of which no more is known.
pub(super) fn meeting(who: Who, way: Way) -> Meeting {
    let (begins, taken) = (false, false);
    Meeting { who, way, begins, taken, channel: None, campaign: None, conversation: None }
}

pub(super) fn meet(meeting: Meeting) -> Command {
    Command::Lead(lead::Command::Meet(Box::new(meeting)))
}

/// Notes who looked at what in a conversation.
pub(super) fn see(work: &mut Work, what: &What, lead: Option<&str>, talk: &str, at: Timestamp) {
    let products = match what {
        What::Receive { products, .. } | What::Act { products, .. } | What::Show(products) => {
            products
        }
        What::Start { .. }
        | What::Send
        | What::Answer
        | What::Call
        | What::Understand(..)
        | What::Escalate(_)
        | What::Order(_)
        | What::End(_)
        | What::Belong(_)
        | What::Handed(_)
        | What::Reply(_)
        | What::TakeOver { .. }
        | What::GiveBack
        | What::HandoffClosed
        | What::HandoffReleased
        | What::Wake { .. } => return,
    };
    let Some(lead) = lead else { return };
    for (sku, name) in products {
        let (lead, conversation) = (lead.to_owned(), Some(talk.to_owned()));
        let command =
            product::Command::See { name: name.clone(), lead, conversation, known: false };
        work.add(EntityKey::product(sku), quiet(Command::Product(command), at));
    }
}
