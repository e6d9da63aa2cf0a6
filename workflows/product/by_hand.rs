//! A product's waves in the hands of a person: the next step at once, or the rest of it given up.

use super::{Aim, Context, Page, Product, Wave, steps};
use crate::effect::{Rejected, Transition};
use crate::timer::{ByHand, Wish};

impl Product {
    /// The wave that a person means.
    pub fn meant(&self, asked: &ByHand) -> Option<&Wave> {
        self.waves.iter().find(|wave| asked.means(wave.aim.as_str(), wave.due))
    }

    /// Does with a wave what a person wants; `page` are the people at whom it has come.
    ///
    /// # Errors
    /// The wave is over, waits for the end of quiet hours, or is none that anybody hears of.
    pub fn by_hand(
        &self,
        asked: &ByHand,
        page: &Page,
        ctx: Context<'_>,
    ) -> Result<Transition<Self>, Rejected> {
        let mut waves = self.waves.iter().enumerate();
        let found = waves.find(|(_, wave)| asked.means(wave.aim.as_str(), wave.due));
        let Some((place, wave)) = found else { return Err(asked.gone()) };
        let sweeping = matches!(wave.aim, Aim::Sweep { .. });
        match asked.wish {
            Wish::Fire => {
                // Each of its messages would wait for their end all the same.
                if let Some(end) = steps::after_quiet(ctx.now, ctx.policy).filter(|_| !sweeping) {
                    return Err(Rejected::because(format!(
                        "these are quiet hours until {}, and nobody is written to: it goes on then; \
                         change the setting quiet_hours to have it earlier",
                        end.to_rfc3339()
                    )));
                }
                Ok(steps::advance(self, (place, wave), page, ctx))
            }
            Wish::Cancel if sweeping => Err(Rejected::because(
                "this timer forgets whom the product no longer interests, and writes to nobody: there is \
                 nothing to cancel; commerce.interest says for how long they are remembered",
            )),
            Wish::Cancel => {
                Ok(Transition { next: steps::without(self, place), effects: Vec::new() })
            }
            Wish::MoveTo(_) => Err(asked.fixed(
                "its next step comes when the one before it is through, and after quiet hours; fire or cancel it",
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::{Command, Price, Viewer, step};
    use super::*;
    use crate::effect::Effect;
    use crate::locale::Locale;
    use crate::policy::{Policy, Settings};
    use crate::time::Timestamp;

    /// 2026-01-20T12:00:00Z, 13:00 in Madrid.
    const NOON: i64 = 1_768_910_400_000;

    fn policy() -> Policy {
        let settings = json!({"timezone": "Europe/Madrid", "whatsapp": {"phone_number_id": "1"},
            "quiet_hours": {"from": "22:00", "to": "09:00"}});
        Policy::new(Settings::from_json(settings).unwrap(), &[])
    }

    fn at(policy: &Policy, now: i64) -> Context<'_> {
        Context { id: "SKU", now: Timestamp(now), at: Timestamp(now), policy }
    }

    fn cheaper(policy: &Policy, now: i64) -> Product {
        let see = Command::See { name: None, lead: "a".into(), conversation: None, known: false };
        let seen = step(None, see, at(policy, now - 1)).unwrap().next;
        let (old, new) = (Price::of(100.0), Price::of(80.0));
        let drop = Command::Reprice { name: None, old, new, because: "e".into() };
        step(Some(&seen), drop, at(policy, now)).unwrap().next
    }

    fn page() -> Page {
        let viewer = Viewer {
            lead: "a".into(),
            seen_at: Timestamp(NOON - 1),
            conversation: None,
            phone: Some("+34600000001".into()),
            locale: Locale::Es,
            opted_out: false,
        };
        Page { viewers: vec![viewer], more_after: None }
    }

    fn ask(product: &Product, wish: Wish, kind: &str) -> ByHand {
        let wave = product.waves.iter().find(|wave| wave.aim.as_str() == kind).unwrap();
        ByHand { wish, kind: kind.to_owned(), due: wave.due }
    }

    #[test]
    fn f01_a_waves_step_is_taken_by_hand_once_and_the_rest_given_up() {
        let policy = policy();
        let product = cheaper(&policy, NOON);
        let fire = ask(&product, Wish::Fire, "price_wave");
        let told = product.by_hand(&fire, &page(), at(&policy, NOON)).unwrap();
        assert!(told.effects.iter().any(|effect| matches!(effect, Effect::Tell { .. })));
        assert!(told.next.by_hand(&fire, &page(), at(&policy, NOON)).is_err(), "once");

        let cancel = ask(&product, Wish::Cancel, "price_wave");
        let given_up = product.by_hand(&cancel, &Page::default(), at(&policy, NOON)).unwrap();
        assert!(given_up.effects.is_empty() && given_up.next.meant(&fire).is_none());
        assert!(given_up.next.generation > product.generation);
    }

    #[test]
    fn f01_quiet_hours_are_kept_and_what_nobody_hears_of_is_not_cancelled() {
        let policy = policy();
        let night = NOON + 11 * 3_600_000;
        let product = cheaper(&policy, night);
        let fire = ask(&product, Wish::Fire, "price_wave");
        let refused = product.by_hand(&fire, &page(), at(&policy, night)).unwrap_err();
        assert!(refused.0.contains("quiet hours until 2026-01-21T08:00"), "{refused}");
        let cancel = ask(&product, Wish::Cancel, "viewers");
        let refused = product.by_hand(&cancel, &page(), at(&policy, night)).unwrap_err();
        assert!(refused.0.contains("nothing to cancel"), "{refused}");
        let sweep = ask(&product, Wish::Fire, "viewers");
        assert!(product.by_hand(&sweep, &page(), at(&policy, night)).is_ok());
    }
}
