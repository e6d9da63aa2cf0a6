//! How old an endpoint's secret is, and when people hear that it should be rotated.
//!
//! The first notice comes when the secret is as old as the tenant allows, and one more every week until
//! it is rotated. Each has one alarm: an alarm that was moved or lifted is known by its generation, so
//! a wake that was already on its way finds nothing to do.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::effect::{Effect, Rejected, Transition};
use crate::id::EndpointId;
use crate::time::{Span, Timestamp};
use crate::timer::{ByHand, Wish};

/// The type of the notice.
pub const EXPIRING: &str = "endpoint.secret.expiring";
/// The age from which a secret should be rotated, unless the tenant says otherwise (row A19).
pub const AGE_MAX: Span = Span::hours(24 * 90);
/// How long after one notice the next may come.
pub const REPEAT_AFTER: Span = Span::hours(24 * 7);

const DAY_MS: u64 = 24 * 3_600_000;

/// The age of an endpoint's secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct SecretAge {
    /// When the present secret became the endpoint's; `None` where it has none.
    pub since: Option<Timestamp>,
    /// When its age was last told.
    pub told_at: Option<Timestamp>,
    /// When it must be looked at next, if ever.
    pub alarm: Option<Timestamp>,
    /// Rises each time the alarm is set, moved or lifted.
    pub generation: u32,
    /// A person wants to hear no more of this secret's age.
    pub hushed: bool,
}

impl SecretAge {
    /// The age after the secret was replaced.
    pub fn renewed(self, now: Timestamp) -> Self {
        Self { since: Some(now), told_at: None, hushed: false, ..self }
    }

    /// The age with the alarm that a tenant's `age_max` asks for; zero asks for none.
    pub fn under(self, age_max: Span) -> Self {
        let first =
            self.since.filter(|_| age_max.0 > 0 && !self.hushed).map(|since| since.after(age_max));
        let again = self.told_at.map(|told_at| told_at.after(REPEAT_AFTER));
        let alarm = first.map(|first| first.max(again.unwrap_or(first)));
        if alarm == self.alarm {
            return self;
        }
        Self { alarm, generation: self.generation.wrapping_add(1), ..self }
    }

    /// Decides what follows an alarm that was set under `generation`: a notice, and the next alarm.
    pub fn wake(
        self,
        generation: u32,
        now: Timestamp,
        age_max: Span,
        whose: Whose<'_>,
    ) -> Result<Transition<Self>, Rejected> {
        let is_due = self.alarm.is_some_and(|alarm| alarm <= now);
        let Some(since) = self.since.filter(|_| is_due && generation == self.generation) else {
            return Err(Rejected::because("stale wake"));
        };
        let effects = notice(since, now, whose);
        let next = Self { told_at: Some(now), ..self }.under(age_max);
        Ok(Transition { next, effects })
    }

    /// Does with the alarm what a person wants: the notice comes now, or none does until the secret is
    /// rotated.
    ///
    /// # Errors
    /// The alarm is not set (any more).
    pub fn by_hand(
        self,
        asked: &ByHand,
        now: Timestamp,
        age_max: Span,
        whose: Whose<'_>,
    ) -> Result<Transition<Self>, Rejected> {
        let set = self.alarm.filter(|&due| asked.means("secret_expiring", due));
        let Some((since, due)) = self.since.zip(set) else { return Err(asked.gone()) };
        match asked.wish {
            Wish::Fire => {
                // As if it were told at its time: the next one comes a week after that.
                let next = Self { told_at: Some(now.max(due)), ..self }.under(age_max);
                Ok(Transition { next, effects: notice(since, now, whose) })
            }
            Wish::Cancel => {
                let next = Self { hushed: true, ..self }.under(age_max);
                Ok(Transition { next, effects: Vec::new() })
            }
            Wish::MoveTo(_) => Err(asked.fixed(
                "it follows from the secret's age; rotate the secret, or fire or cancel it",
            )),
        }
    }
}

/// That a secret is old.
fn notice(since: Timestamp, now: Timestamp, whose: Whose<'_>) -> Vec<Effect> {
    let data = json!({
        "endpoint_id": whose.endpoint.0,
        "kind": whose.kind,
        "secret_created_at": since.to_rfc3339(),
        "age_days": now.since(since).0 / DAY_MS,
    });
    let data = data.as_object().cloned().unwrap_or_default();
    vec![Effect::Emit { event_type: EXPIRING.to_owned(), data }]
}

/// No age is too high: null and 0 in a change of settings ask for that, where elsewhere null asks for
/// the default.
pub(crate) fn spell_out(patch: &mut Map<String, Value>) {
    if let Some(age) = patch.get_mut("secret_max_age")
        && (age.is_null() || *age == 0 || *age == "0")
    {
        *age = Value::from("0s");
    }
}

/// Whose secret it is.
#[derive(Debug, Clone, Copy)]
pub struct Whose<'a> {
    /// The endpoint.
    pub endpoint: EndpointId,
    /// Its kind, as people write it.
    pub kind: &'a str,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::Settings;

    const DAY: i64 = 24 * 3_600_000;

    fn day(count: i64) -> Timestamp {
        Timestamp(count * DAY)
    }

    fn days(count: u64) -> Span {
        Span::hours(24 * count)
    }

    fn made(on: i64) -> SecretAge {
        SecretAge::default().renewed(day(on)).under(AGE_MAX)
    }

    fn wake(age: SecretAge, on: i64) -> Result<Transition<SecretAge>, Rejected> {
        let whose = Whose { endpoint: EndpointId(7), kind: "webhook" };
        age.wake(age.generation, day(on), AGE_MAX, whose)
    }

    #[test]
    fn a19_a_secret_is_told_of_at_ninety_days_with_its_figures() {
        let age = made(0);
        assert_eq!(age.alarm, Some(day(90)));
        assert!(wake(age, 89).is_err(), "not yet");
        let Transition { next, effects } = wake(age, 90).unwrap();
        let [Effect::Emit { event_type, data }] = &effects[..] else { panic!("{effects:?}") };
        assert_eq!(event_type, "endpoint.secret.expiring");
        assert_eq!(
            json!(data),
            json!({"endpoint_id": 7, "kind": "webhook", "age_days": 90,
                   "secret_created_at": "1970-01-01T00:00:00.000Z"})
        );
        let stale = next.wake(
            age.generation,
            day(99),
            AGE_MAX,
            Whose { endpoint: EndpointId(7), kind: "webhook" },
        );
        assert!(stale.is_err(), "the alarm of the first notice is used up");
    }

    #[test]
    fn a19_it_is_told_again_every_week_until_it_is_rotated() {
        let mut age = made(0);
        let mut told = Vec::new();
        for on in 0..120 {
            if let Ok(transition) = wake(age, on) {
                told.push(on);
                age = transition.next;
            }
        }
        assert_eq!(told, [90, 97, 104, 111, 118]);
        let age = age.renewed(day(120)).under(AGE_MAX);
        assert_eq!((age.alarm, age.told_at), (Some(day(210)), None));
    }

    #[test]
    fn a19_after_a_long_sleep_it_is_told_once() {
        let next = wake(made(0), 200).unwrap().next;
        assert_eq!(next.alarm, Some(day(207)));
    }

    #[test]
    fn a19_no_setting_brings_the_same_age_up_twice() {
        let told = wake(made(0), 90).unwrap().next;
        for (age_max, alarm) in [(1, Some(97)), (89, Some(97)), (100, Some(100)), (0, None)] {
            let moved = told.under(days(age_max));
            assert_eq!(moved.alarm, alarm.map(day), "{age_max}");
            assert_eq!(moved.under(AGE_MAX).alarm, Some(day(97)), "{age_max} and back");
        }
        assert_eq!(told.under(AGE_MAX), told, "an alarm that stands is not set again");
    }

    #[test]
    fn f01_the_notice_comes_by_hand_or_not_until_the_secret_is_rotated() {
        let whose = || Whose { endpoint: EndpointId(7), kind: "webhook" };
        let asked = |wish| ByHand { wish, kind: "secret_expiring".into(), due: day(90) };
        let early = made(0).by_hand(&asked(Wish::Fire), day(1), AGE_MAX, whose()).unwrap();
        assert_eq!((early.effects.len(), early.next.alarm), (1, Some(day(97))), "used up");
        assert!(early.next.by_hand(&asked(Wish::Fire), day(1), AGE_MAX, whose()).is_err());
        let hushed = made(0).by_hand(&asked(Wish::Cancel), day(1), AGE_MAX, whose()).unwrap();
        let kept = hushed.next.under(days(30));
        assert_eq!((hushed.effects.len(), kept.alarm), (0, None), "whatever the setting");
        let renewed = kept.renewed(day(120)).under(AGE_MAX);
        assert_eq!(renewed.alarm, Some(day(210)));
    }

    #[test]
    fn an_endpoint_without_a_secret_has_no_alarm() {
        assert_eq!(SecretAge::default().under(AGE_MAX), SecretAge::default());
        assert!(wake(SecretAge::default(), 1_000).is_err());
    }

    #[test]
    fn a19_the_setting_is_a_length_of_time_or_none() {
        assert_eq!(Settings::default().secret_max_age, days(90));
        for (written, age_max) in [
            (json!("30d"), days(30)),
            (json!("0s"), Span(0)),
            (json!("0"), Span(0)),
            (json!(0), Span(0)),
            (json!(null), Span(0)),
        ] {
            let patch = json!({"secret_max_age": written}).as_object().unwrap().clone();
            assert_eq!(Settings::default().patched(patch).unwrap().secret_max_age, age_max);
        }
    }
}
