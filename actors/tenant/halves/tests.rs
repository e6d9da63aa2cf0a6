//! What happens at once to a conversation and to its handoff leaves them one person's, or nobody's.

use serde_json::json;
use sereno_workflows::conversation::What;
use sereno_workflows::event::Event;
use sereno_workflows::handoff::Command as Do;
use sereno_workflows::id::{EntityKey, TenantId};
use sereno_workflows::policy::Settings;
use sereno_workflows::time::Timestamp;

use crate::engine::{Action, Engine};
use crate::ledger::Draft;
use crate::record::StateRecord;
use crate::trial::{config, end, starting};

const START: Timestamp = Timestamp(1_763_900_000_000);
const ROUNDS: usize = 50;

/// What happens to one customer.
#[derive(Clone, Copy)]
enum Deed {
    Event(&'static str),
    Take(&'static str, Option<&'static str>),
    GiveBack,
    Claim(&'static str),
    Assign(&'static str, &'static str),
    Release,
}

struct Shop {
    engine: Engine,
    tenant: TenantId,
}

impl Shop {
    async fn new() -> Self {
        let engine = Engine::start(config(None, starting(START))).await.unwrap();
        let tenant: TenantId = "shop".parse().unwrap();
        let settings = Settings::default();
        engine.create_tenant(tenant.clone(), "Shop".to_owned(), settings).await.unwrap();
        Self { engine, tenant }
    }

    /// Answers whether it was taken, once it is durable.
    async fn does(&self, id: &str, deed: Deed) -> bool {
        let (talk, handoff) = (EntityKey::conversation(id), EntityKey::handoff(id));
        let from = |from: Option<&str>| from.map(str::to_owned);
        let (key, action) = match deed {
            Deed::Event(event_type) => {
                let data = json!({"conversation_id": id, "channel": "web"});
                let event = json!({"event_type": event_type, "data": data});
                let event = Event::from_json(event, START).unwrap();
                return self.engine.submit(&self.tenant, vec![event], None, None).await.is_ok();
            }
            Deed::Take(by, whose) => {
                let what = What::TakeOver { by: by.to_owned(), from: from(whose), claimed: None };
                (talk, Action::Conversation(what))
            }
            Deed::GiveBack => (talk, Action::Conversation(What::GiveBack)),
            Deed::Claim(by) => {
                (handoff, Action::Handoff(Do::Claim { by: by.to_owned(), held: None }))
            }
            Deed::Assign(to, whose) => {
                let (to, from) = (to.to_owned(), from(Some(whose)));
                (handoff, Action::Handoff(Do::Assign { to, from, held: None }))
            }
            Deed::Release => (handoff, Action::Handoff(Do::Release)),
        };
        self.engine.act(&self.tenant, key, action, None).await.is_ok()
    }

    /// Who holds the conversation, and who has its handoff.
    fn whose(&self, id: &str) -> (Option<String>, Option<String>) {
        let state = |key| self.engine.ledger().state(&self.tenant, &key).unwrap();
        let held = match state(EntityKey::conversation(id)) {
            Some(StateRecord::Conversation(talk)) => talk.held.map(|held| held.by),
            _ => None,
        };
        let claimed = match state(EntityKey::handoff(id)) {
            Some(StateRecord::Handoff(handoff)) => handoff.owner().map(|claim| claim.by.clone()),
            _ => None,
        };
        (held, claimed)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn b02_what_happens_at_once_leaves_a_customer_to_one_person() {
    use Deed::{Assign, Claim, Event, GiveBack, Release, Take};
    let shop = Shop::new().await;
    let (opened, ended) = (Event("handoff.opened"), Event("conversation.ended"));
    let anas = Take("Ana", None);
    let luis = Take("Luis", Some("Ana"));
    let both = |who: &str| [(Some(who.to_owned()), Some(who.to_owned()))].to_vec();
    let nobodys = vec![(None, None)];
    let either = [both("Ana"), vec![(None, Some("Luis".to_owned()))]].concat();
    for (case, before, at_once, wanted) in [
        ("opened, taken", vec![], [opened, anas], both("Ana")),
        ("escalated, taken", vec![], [Event("conversation.escalated"), anas], both("Ana")),
        ("opened, taken from", vec![anas], [opened, luis], both("Luis")),
        ("opened, given back", vec![anas], [opened, GiveBack], nobodys.clone()),
        ("claimed, taken", vec![opened], [Claim("Luis"), anas], either),
        ("ended, taken from", vec![anas, opened], [ended, luis], nobodys.clone()),
        ("ended, assigned", vec![opened, anas], [ended, Assign("Luis", "Ana")], nobodys.clone()),
        ("released, given back", vec![opened, anas], [Release, GiveBack], nobodys),
    ] {
        for round in 0..ROUNDS {
            let id = format!("{case} {round}").replace([' ', ','], "-");
            for deed in [Event("conversation.started")].into_iter().chain(before.clone()) {
                assert!(shop.does(&id, deed).await, "{id}");
            }
            let [one, other] = at_once;
            let (first, second) = if round % 2 == 0 { (one, other) } else { (other, one) };
            let done = tokio::join!(shop.does(&id, first), shop.does(&id, second));
            let whose = shop.whose(&id);
            assert!(wanted.contains(&whose), "{id}: {whose:?} {done:?}");
        }
    }
    end(shop.engine).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn b02_a_customer_of_two_people_is_taken_from_either() {
    use Deed::{Assign, Claim, Event, Take};
    let shop = Shop::new().await;
    let one = "one";
    for deed in [Event("conversation.started"), Event("handoff.opened"), Take("Luis", None)] {
        assert!(shop.does(one, deed).await);
    }
    let state = |key| shop.engine.ledger().state(&shop.tenant, &key).unwrap().unwrap();
    let (talk, handoff) = (state(EntityKey::conversation(one)), state(EntityKey::handoff(one)));
    let StateRecord::Handoff(mut handoff) = handoff else { panic!("{handoff:?}") };
    handoff.claim.as_mut().unwrap().by = "Ana".to_owned();
    let taken = ["Luis", "Ana"].map(|from| Take("Eva", Some(from)));
    let given = ["Luis", "Ana"].map(|from| Assign("Eva", from));
    for (at, deed) in taken.into_iter().chain(given).enumerate() {
        let id = format!("two-{at}");
        let mut draft = Draft::new(&shop.tenant);
        draft.state(&EntityKey::conversation(&id), &talk);
        draft.state(&EntityKey::handoff(&id), &StateRecord::Handoff(handoff.clone()));
        shop.engine.ledger().commit_and_wait(draft).await;
        for refused in
            [Take("Eva", None), Take("Eva", Some("Mia")), Assign("Eva", "Mia"), Claim("Eva")]
        {
            assert!(!shop.does(&id, refused).await);
        }
        assert!(shop.does(&id, deed).await, "{id}");
        assert_eq!(shop.whose(&id), (Some("Eva".to_owned()), Some("Eva".to_owned())), "{id}");
    }
    end(shop.engine).await;
}
