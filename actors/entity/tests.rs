//! What an entity looks up before its rules decide.

use serde_json::json;
use sereno_workflows::event::Event;
use sereno_workflows::id::{EntityKey, TenantId};
use sereno_workflows::policy::{Policy, Settings};
use sereno_workflows::product::{self, VIEWERS_MAX};
use sereno_workflows::time::Timestamp;

use crate::engine::Engine;
use crate::ledger::Draft;
use crate::record::StateRecord;
use crate::trial::{config, starting};

const START: Timestamp = Timestamp(1_763_900_000_000);
const SKU: &str = "V-1";

#[tokio::test(flavor = "multi_thread")]
async fn b07_a_newcomer_is_remembered_however_often_the_others_look() {
    let engine = Engine::start(config(None, starting(START))).await.unwrap();
    let tenant: TenantId = "shop".parse().unwrap();
    engine.create_tenant(tenant.clone(), "Shop".to_owned(), Settings::default()).await.unwrap();
    let policy = Policy::new(Settings::default(), &[]);
    let ctx = product::Context { id: SKU, now: START, at: START, policy: &policy };
    let added = product::Command::Add { name: None };
    let mut product = product::step(None, added, ctx).unwrap().next;
    product.viewers = VIEWERS_MAX - 2;
    let mut draft = Draft::new(&tenant);
    draft.state(&EntityKey::product(SKU), &StateRecord::Product(product));
    engine.ledger().commit_and_wait(draft).await;

    let looks = async |user: &str| {
        let data = json!({"conversation_id": user, "user": {"id": user},
            "products": [{"sku": SKU}]});
        let event = json!({"event_type": "conversation.message.received", "data": data});
        let event = Event::from_json(event, START).unwrap();
        engine.submit(&tenant, vec![event], None, None).await.unwrap();
        let talk = engine.ledger().conversation(&tenant, user).unwrap().unwrap();
        engine.ledger().viewer(&tenant, SKU, &talk.lead.unwrap()).unwrap().is_some()
    };
    for _ in 0..10 {
        assert!(looks("ana").await);
    }
    assert!(looks("bruno").await, "there is room for one more");
    assert!(!looks("carla").await, "and for no other");
    assert!(looks("ana").await);
    let product = engine.ledger().product(&tenant, SKU).unwrap().unwrap();
    assert_eq!(product.viewers, VIEWERS_MAX);
}
