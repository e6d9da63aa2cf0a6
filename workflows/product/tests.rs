//! Waves of words about a product, in virtual time.

use serde_json::{Value, json};

use super::*;
use crate::effect::{Effect, Note};
use crate::lead::Lead;
use crate::policy::Settings;

const HOUR: i64 = 3_600_000;
/// 2026-01-20T12:00:00Z, a Tuesday, 13:00 in Madrid.
const NOON: i64 = 1_768_910_400_000;

struct Shop {
    policy: Policy,
    product: Option<Product>,
    now: i64,
}

impl Shop {
    fn new(more: Value) -> Self {
        let mut settings =
            json!({"timezone": "Europe/Madrid", "whatsapp": {"phone_number_id": "1"}});
        settings.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let policy = Policy::new(Settings::from_json(settings).unwrap(), &[]);
        let mut shop = Self { policy, product: None, now: NOON };
        shop.take(Command::See {
            name: Some("Vestido".into()),
            lead: "a".into(),
            conversation: None,
            known: false,
        });
        shop
    }

    fn try_take(&mut self, command: Command, at: i64) -> Result<Vec<Effect>, Rejected> {
        let (now, at) = (Timestamp(self.now), Timestamp(at));
        let ctx = Context { id: "SKU", now, at, policy: &self.policy };
        let Transition { next, effects } = step(self.product.as_ref(), command, ctx)?;
        self.product = Some(next);
        Ok(effects)
    }

    fn take(&mut self, command: Command) -> Vec<Effect> {
        self.try_take(command, self.now).unwrap()
    }

    fn price(&mut self, old: i64, new: i64) {
        let (old, new) = (Price(old * 10_000), Price(new * 10_000));
        self.take(Command::Reprice { name: None, old, new, because: "evt".into() });
    }

    fn stock(&mut self, left: u64) {
        self.take(Command::Stock { name: None, left, because: "evt".into() });
    }

    fn due(&self) -> Option<i64> {
        let waves = &self.product.as_ref().unwrap().waves;
        let wave = waves.iter().find(|wave| !matches!(wave.aim, Aim::Sweep { .. }));
        wave.map(|wave| wave.due.0)
    }

    /// Walks on with these people; answers what they are told.
    fn walk(&mut self, viewers: &[Viewer], more_after: Option<&str>) -> Vec<(String, String)> {
        let generation = self.product.as_ref().unwrap().generation;
        let page = Page { viewers: viewers.to_vec(), more_after: more_after.map(str::to_owned) };
        let effects = self.take(Command::Walk { generation, page });
        let told = |effect| match effect {
            Effect::Tell { to, message } => Some((to, message.text)),
            Effect::Emit { .. } | Effect::Mail { .. } | Effect::Signal { .. } | Effect::Note(_) => {
                None
            }
        };
        effects.into_iter().filter_map(told).collect()
    }
}

fn viewer(lead: &str) -> Viewer {
    Viewer {
        lead: lead.into(),
        seen_at: Timestamp(NOON),
        conversation: Some("conv".into()),
        phone: Some(format!("+34{lead}")),
        locale: Locale::Es,
        opted_out: false,
    }
}

#[test]
fn b07_a_drop_goes_through_those_who_looked_in_steps_and_each_hears_once() {
    let mut shop = Shop::new(json!({}));
    shop.price(100, 80);
    assert_eq!(shop.due(), Some(NOON));
    let told = shop.walk(&[viewer("a"), viewer("b")], Some("b"));
    assert_eq!(told.len(), 2);
    assert_eq!(told[0].1, "¡Vestido, que viste, ha bajado un 20 %! 🎉");
    assert_eq!(shop.due(), Some(NOON + 1_000), "half of the road is for the others");
    assert_eq!(shop.product.as_ref().unwrap().next_wave().unwrap().after.as_deref(), Some("b"));
    shop.price(100, 80);
    assert_eq!(shop.product.as_ref().unwrap().next_wave().unwrap().told, 2, "no change, no wave");
    shop.now += 1_000;
    assert_eq!(shop.walk(&[viewer("c")], None).len(), 1);
    assert_eq!(shop.due(), None);
    shop.price(100, 80);
    assert_eq!(shop.due(), None, "told again under another id");
}

#[test]
fn b07_nobody_hears_who_should_not() {
    let mut shop = Shop::new(json!({}));
    shop.price(100, 80);
    let month = Timestamp(NOON - 31 * 24 * HOUR);
    let told = shop.walk(
        &[
            Viewer { opted_out: true, ..viewer("a") },
            Viewer { seen_at: month, ..viewer("b") },
            Viewer { phone: None, ..viewer("c") },
            Viewer { seen_at: Timestamp(NOON + 1), ..viewer("d") },
            Viewer { conversation: None, locale: Locale::En, ..viewer("e") },
        ],
        None,
    );
    assert_eq!(
        told,
        [("+34e".to_owned(), "Vestido, which you looked at, is now 20% cheaper! 🎉".to_owned())]
    );
}

#[test]
fn b06_only_those_who_look_at_it_now_hear_of_its_stock() {
    let mut shop = Shop::new(json!({"commerce": {"low_stock_below": 3}}));
    for (left, expected) in [
        (9, None),
        (3, None),
        (2, Some("¡Quedan solo 2 unidades de Vestido! ⚡")),
        (0, Some("Vestido, que estás viendo, se ha agotado 😔")),
        (0, None),
        (1, Some("¡Queda solo 1 unidad de Vestido! ⚡")),
    ] {
        shop.stock(left);
        let gone = Viewer { conversation: None, ..viewer("b") };
        let told = match shop.due() {
            Some(_) => shop.walk(&[viewer("a"), gone], None),
            None => Vec::new(),
        };
        let told: Vec<&str> = told.iter().map(|(_, text)| text.as_str()).collect();
        assert_eq!(told, expected.into_iter().collect::<Vec<_>>(), "{left}");
    }
}

#[test]
fn b07_quiet_hours_hold_a_wave_and_what_is_no_longer_true_is_never_said() {
    let night = json!({"quiet_hours": {"from": "22:00", "to": "09:00"}});
    let (midnight, morning) = (NOON + 11 * HOUR, NOON + 20 * HOUR);
    let mut shop = Shop::new(night.clone());
    shop.now = midnight;
    shop.price(100, 80);
    assert_eq!(shop.due(), Some(morning));
    shop.price(80, 70);
    shop.now = morning;
    let seen = Viewer { seen_at: Timestamp(NOON), ..viewer("a") };
    assert!(shop.walk(&[seen], None)[0].1.contains("30 %"), "two drops in the night are one");

    for (second, held) in [((80, 100), false), ((80, 120), false), ((80, 90), true)] {
        let mut shop = Shop::new(night.clone());
        shop.now = midnight;
        shop.price(100, 80);
        shop.price(second.0, second.1);
        assert_eq!(shop.due().is_some(), held, "{second:?}");
    }
    let mut shop = Shop::new(night);
    shop.now = midnight;
    shop.stock(2);
    shop.stock(50);
    assert_eq!(shop.due(), None, "there is enough again");

    // A wave that is under way when the quiet hours begin goes on after them.
    shop.now = midnight - 2 * HOUR - 500;
    shop.price(100, 80);
    shop.walk(&[viewer("a")], Some("a"));
    shop.now += 1_000;
    assert_eq!(shop.walk(&[viewer("b")], Some("b")), []);
    assert_eq!(shop.due(), Some(morning));
    assert_eq!(shop.product.as_ref().unwrap().next_wave().unwrap().after.as_deref(), Some("a"));
}

#[test]
fn b07_what_is_older_than_what_is_known_changes_nothing() {
    let mut shop = Shop::new(json!({}));
    let up = Command::Reprice {
        name: None,
        old: Price(800_000),
        new: Price(1_000_000),
        because: "second".into(),
    };
    shop.now += 60_000;
    shop.try_take(up, shop.now).unwrap();
    let (old, new) = (Price(1_000_000), Price(800_000));
    let first = Command::Reprice { name: None, old, new, because: "first".into() };
    shop.try_take(first, NOON).unwrap();
    assert_eq!(shop.due(), None, "the first word came second");
    for (old, new, percent) in [
        (100, 80, 20),
        (100, 100, 0),
        (100, 120, 0),
        (0, 0, 0),
        (1_000, 999, 0),
        (1_000, 991, 0),
        (1_000, 990, 1),
        (1_000, 801, 19),
        (100, 0, 100),
    ] {
        assert_eq!(Price(new).percent_below(Price(old)), percent, "{old} {new}");
    }
}

#[test]
fn b07_a_stale_wake_walks_nowhere_and_a_removed_product_is_not_spoken_of() {
    let mut shop = Shop::new(json!({}));
    shop.price(100, 80);
    let generation = shop.product.as_ref().unwrap().generation;
    let page = Page { viewers: vec![viewer("a")], more_after: None };
    let stale = Command::Walk { generation: generation - 1, page: page.clone() };
    assert!(shop.try_take(stale, NOON).is_err());
    shop.take(Command::Remove);
    assert_eq!(shop.due(), None);
    assert!(shop.try_take(Command::Walk { generation, page }, NOON).is_err());
    shop.stock(0);
    assert_eq!(shop.due(), None);
}

#[test]
fn b07_those_whom_it_no_longer_interests_are_forgotten_once_a_day() {
    let mut shop = Shop::new(json!({}));
    shop.now += 24 * HOUR;
    let old = Viewer { seen_at: Timestamp(NOON - 30 * 24 * HOUR), ..viewer("a") };
    let generation = shop.product.as_ref().unwrap().generation;
    let page = Page { viewers: vec![old, viewer("b")], more_after: None };
    let effects = shop.take(Command::Walk { generation, page });
    let forgotten = Note::NoViewer { sku: "SKU".into(), lead: "a".into() };
    assert_eq!(effects, [Effect::Note(forgotten)]);
    let product = shop.product.as_ref().unwrap();
    assert_eq!((product.viewers, product.alarm()), (1, Some(Timestamp(shop.now + 24 * HOUR))));
    // Some may have been counted twice: those who are there are counted, soon.
    shop.product.as_mut().unwrap().viewers = VIEWERS_MAX;
    let see = |known| Command::See { name: None, lead: "z".into(), conversation: None, known };
    assert_eq!(shop.take(see(true)).len(), 1, "who is there looks again");
    assert_eq!(shop.product.as_ref().unwrap().viewers, VIEWERS_MAX);
    let see = see(false);
    assert_eq!(shop.take(see.clone()), [], "as many as there may be");
    let soon = Some(Timestamp(shop.now + HOUR));
    assert_eq!(shop.product.as_ref().unwrap().alarm(), soon, "it was counted just before");
    shop.now += HOUR;
    shop.walk(&[viewer("b"), viewer("c")], None);
    assert_eq!(shop.product.as_ref().unwrap().viewers, 2);
    assert_eq!(shop.take(see).len(), 1);
}

fn lead(command: crate::lead::Command, present: Option<&Lead>, policy: &Policy) -> Lead {
    let ctx = crate::lead::Context { id: "lead_1", now: Timestamp(NOON), policy };
    crate::lead::step(present, command, ctx).unwrap().next
}

#[test]
fn b06_b07_what_waits_goes_only_while_it_is_true_and_wanted_and_not_in_the_night() {
    use crate::lead::{self, Meeting, Way, Who, Wish};
    let mut shop = Shop::new(json!({"quiet_hours": {"from": "22:00", "to": "09:00"}}));
    shop.price(100, 80);
    shop.stock(3);
    let who = Who { phone: Some("+34600000001".into()), ..Who::default() };
    let meeting = Meeting {
        who,
        way: Way::Message,
        begins: false,
        taken: false,
        channel: None,
        campaign: None,
        conversation: None,
    };
    let met = lead(lead::Command::Meet(Box::new(meeting)), None, &shop.policy);
    let wish = Wish { wanted: false, how: "STOP".into(), at: Timestamp(NOON) };
    let out = lead(lead::Command::Wish { wish, answer: false }, Some(&met), &shop.policy);
    let lost = lead(lead::Command::Lose("+34600000001".into()), Some(&met), &shop.policy);
    let product = shop.product.clone().unwrap();
    let gone = Product { removed_at: Some(Timestamp(NOON)), ..product.clone() };
    let dearer = Product { price: Some(Price(1_000_000)), ..product.clone() };
    let cases = [
        (&met, &product, 0, "Holds"),
        (&met, &product, 12, "Later"),
        (&out, &product, 0, "unasked"),
        (&lost, &product, 0, "number"),
        (&met, &dearer, 0, "true"),
        (&met, &gone, 0, "true"),
    ];
    for (lead, product, hours, wanted) in cases {
        let body = json!({"data": {"lead_id": "lead_1", "product": {"sku": "SKU"},
            "old_price": 100, "new_price": 80.0}});
        let offer = Offer::of("lead.price_drop.sent", body.to_string().as_bytes()).unwrap();
        let now = Timestamp(NOON + hours * HOUR);
        let (to, policy) = ("+34600000001", &shop.policy);
        let present =
            Present { to, told: Some(lead), lead: Some(lead), product: Some(product), now, policy };
        let still = format!("{:?}", offer.still(present));
        assert!(still.contains(wanted), "{still} {wanted}");
        let left = json!({"data": {"lead_id": "l", "product": {"sku": "S"}, "new_stock": 3}});
        let offer = Offer::of("lead.low_stock.sent", left.to_string().as_bytes()).unwrap();
        let still = format!("{:?}", offer.still(present));
        assert_eq!(still.contains("Holds"), wanted == "Holds" || product.price == dearer.price);
    }
    assert_eq!(Offer::of("reminder.24h.sent", b"{}"), None);
    assert_eq!(Offer::of("lead.sold_out.sent", b"{"), None);
}

#[test]
fn b06_b07_a_word_of_tomorrow_silences_nothing_that_is_said_today() {
    let mut shop = Shop::new(json!({}));
    let dearer = Command::Reprice {
        name: None,
        old: Price(800_000),
        new: Price(1_000_000),
        because: "ahead".into(),
    };
    shop.try_take(dearer, NOON + 4 * 365 * 24 * HOUR).unwrap();
    let many = Command::Stock { name: None, left: 50, because: "ahead".into() };
    shop.try_take(many, NOON + 4 * 365 * 24 * HOUR).unwrap();
    shop.now += 1_000;
    shop.price(100, 80);
    assert_eq!(shop.due(), Some(shop.now));
    shop.stock(2);
    assert_eq!(shop.product.as_ref().unwrap().stock, Some(2));
}
