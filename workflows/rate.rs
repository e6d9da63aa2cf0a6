//! At most so many in any minute.

use std::collections::{BTreeMap, VecDeque};

use crate::id::EndpointId;
use crate::time::{Span, Timestamp};

const SECOND_MS: i64 = 1_000;
const SECONDS: i64 = 60;

/// The attempts of a tenant in the last minute: those of each of its endpoints, and all together.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Rates {
    all: Minute,
    each: BTreeMap<EndpointId, Minute>,
}

/// When a limit lets an attempt go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Turn {
    /// When.
    pub at: Timestamp,
    /// How many the limit allows that has it wait longest: in a minute, or in a second where it is a pace.
    pub most: u32,
    /// Whose limit that is.
    pub whose: Whose,
}

/// Whose limit holds an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whose {
    /// Its endpoint's own.
    Endpoint,
    /// The tenant's, which all of its endpoints share.
    Tenant,
    /// The pace of a Slack webhook.
    Slack,
    /// The pace of a WhatsApp number, for all that it sends.
    Number,
    /// The pace at which a WhatsApp number may write to one customer.
    Customer,
}

/// How many attempts are allowed in any minute; without a number, as many as there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Allowance {
    /// To this endpoint.
    pub endpoint: Option<u32>,
    /// To all of the tenant's endpoints together.
    pub tenant: Option<u32>,
}

impl Rates {
    /// Counts one more attempt where both limits have room for it; otherwise says when to ask again.
    pub fn take(
        &mut self,
        endpoint: EndpointId,
        allowance: Allowance,
        now: Timestamp,
    ) -> Result<(), Timestamp> {
        let Some(own) = allowance.endpoint else {
            return self.take_of_all(allowance, now);
        };
        let minute = self.each.entry(endpoint).or_default();
        if minute.count(now) >= own {
            return Err(minute.room_at(own, now));
        }
        self.take_of_all(allowance, now)?;
        self.each.entry(endpoint).or_default().take(own, now)
    }

    /// When the next attempt may be made once `ahead` others were; nothing where there is no limit. Of the
    /// tenant's other endpoints it is not known what they will take, so their limit may let it go later.
    pub fn turn(
        &self,
        endpoint: EndpointId,
        allowance: Allowance,
        ahead: u64,
        now: Timestamp,
    ) -> Option<Turn> {
        let none = Minute::default();
        let own = self.each.get(&endpoint).unwrap_or(&none);
        let both = [
            (own, allowance.endpoint, Whose::Endpoint),
            (&self.all, allowance.tenant, Whose::Tenant),
        ];
        let turns = both.into_iter().filter_map(|(minute, most, whose)| {
            let most = most?;
            Some(Turn { at: minute.turn(most, ahead, now), most, whose })
        });
        turns.max_by_key(|turn| (turn.at, std::cmp::Reverse(turn.most)))
    }

    /// Counts an attempt that was made before a restart; the earliest are told first.
    pub fn recall(&mut self, endpoint: EndpointId, at: Timestamp) {
        for minute in [&mut self.all, self.each.entry(endpoint).or_default()] {
            minute.add(at);
        }
    }

    /// Forgets endpoints that made no attempt in the last minute.
    pub fn tidy(&mut self, now: Timestamp) {
        self.each.retain(|_, minute| minute.count(now) > 0);
    }

    fn take_of_all(&mut self, allowance: Allowance, now: Timestamp) -> Result<(), Timestamp> {
        allowance.tenant.map_or(Ok(()), |most| self.all.take(most, now))
    }
}

/// Counts what happened in the last minute, second by second.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Minute {
    /// Seconds in which something happened, the oldest first, and how much.
    seconds: VecDeque<(i64, u32)>,
    total: u32,
}

impl Minute {
    /// Counts one more if there were fewer than `most` in the last minute; otherwise says when there is
    /// room for another.
    pub fn take(&mut self, most: u32, now: Timestamp) -> Result<(), Timestamp> {
        if self.count(now) >= most {
            return Err(self.room_at(most, now));
        }
        self.add(now);
        Ok(())
    }

    /// Counts so many more, all or none, as [`Minute::take`] does; never more than fit into a minute.
    pub fn take_many(&mut self, count: u32, most: u32, now: Timestamp) -> Result<(), Timestamp> {
        if self.count(now).saturating_add(count) > most {
            return Err(self.room_at((most + 1).saturating_sub(count), now));
        }
        for _ in 0..count {
            self.add(now);
        }
        Ok(())
    }

    fn add(&mut self, now: Timestamp) {
        // A clock that was set back opens nothing: the latest second goes on.
        let second = now.0.div_euclid(SECOND_MS);
        match self.seconds.back_mut() {
            Some((latest, count)) if *latest >= second => *count += 1,
            _ => self.seconds.push_back((second, 1)),
        }
        self.total += 1;
    }

    /// How many there were in the last minute.
    pub fn count(&mut self, now: Timestamp) -> u32 {
        let over = now.0.div_euclid(SECOND_MS) - SECONDS;
        while let Some((_, count)) = self.seconds.pop_front_if(|(second, _)| *second <= over) {
            self.total -= count;
        }
        self.total
    }

    /// When there is room for another behind `ahead` others that go as early as they may.
    fn turn(&self, most: u32, ahead: u64, now: Timestamp) -> Timestamp {
        let (present, most) = (now.0.div_euclid(SECOND_MS), u64::from(most.max(1)));
        let counted = self.seconds.iter().filter(|(second, _)| *second > present - SECONDS);
        let total: u64 = counted.clone().map(|(_, count)| u64::from(*count)).sum();
        // Each goes a minute after the one that is `most` places before it, if there is one.
        let Some(mut before) = total.saturating_add(ahead).checked_sub(most) else { return now };
        let known = total.max(most);
        let further = before.checked_sub(known).map_or(0, |over| over / most + 1);
        before -= further * most;
        let mut passed = 0;
        let of_past = counted.clone().find(|(_, count)| {
            passed += u64::from(*count);
            passed > before
        });
        let second = of_past.map_or(present, |(second, _)| *second);
        let minutes = i64::try_from(further).unwrap_or(i64::MAX).saturating_add(1);
        let at = second.saturating_add(minutes.saturating_mul(SECONDS)).saturating_mul(SECOND_MS);
        Timestamp(at).min(now.after(Span::MAX))
    }

    fn room_at(&self, most: u32, now: Timestamp) -> Timestamp {
        let mut left = self.total;
        for (second, count) in &self.seconds {
            left -= count;
            if left < most {
                return Timestamp((second + SECONDS) * SECOND_MS).max(Timestamp(now.0 + 1));
            }
        }
        now.after(Span::minutes(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a17_e03_no_minute_has_more_than_its_share() {
        let mut minute = Minute::default();
        let mut taken = Vec::new();
        let mut now = Timestamp(1_000_000_500);
        for _ in 0..10_000 {
            match minute.take(7, now) {
                Ok(()) => taken.push(now),
                Err(at) => {
                    assert!(at > now, "{at:?} is not after {now:?}");
                    assert!(minute.clone().take(7, Timestamp(at.0 - 1)).is_err(), "not before");
                    now = at;
                }
            }
            if taken.len() % 3 == 0 {
                now = Timestamp(now.0 + 1_700);
            }
        }
        for first in &taken {
            let end = first.after(Span::seconds(59));
            let inside = taken.iter().filter(|at| **at >= *first && **at < end).count();
            assert!(inside <= 7, "{inside} from {first:?}");
        }
        assert!(taken.len() > 5_000, "and the share is used: {}", taken.len());
    }

    #[test]
    fn a17_an_endpoint_over_its_own_limit_takes_nothing_of_the_tenants() {
        let mut rates = Rates::default();
        let (narrow, wide) = (EndpointId(1), EndpointId(2));
        let own = Allowance { endpoint: Some(2), tenant: Some(5) };
        let none = Allowance { endpoint: None, tenant: Some(5) };
        let mut take = |id, allowance| rates.take(id, allowance, Timestamp(1_000)).is_ok();
        assert_eq!([0; 4].map(|_| take(narrow, own)), [true, true, false, false]);
        assert_eq!([0; 4].map(|_| take(wide, none)), [true, true, true, false]);
        rates.tidy(Timestamp(62_000));
        assert_eq!(rates.each.len(), 0);
    }

    #[test]
    fn f07_the_turn_of_each_that_waits_is_when_it_goes() {
        for most in [1, 2, 7, 60] {
            for made in [0, 1, 5, 7, 61] {
                let (mut minute, start) = (Minute::default(), Timestamp(1_000_000_500));
                (0..made).for_each(|place| minute.add(Timestamp(start.0 + place * 1_700)));
                let now = Timestamp(start.0 + made * 1_700 + 300);
                let told: Vec<_> = (0..100).map(|ahead| minute.turn(most, ahead, now)).collect();
                let (mut at, mut gone) = (now, Vec::new());
                while gone.len() < told.len() {
                    match minute.take(most, at) {
                        Ok(()) => gone.push(at),
                        Err(later) => at = later,
                    }
                }
                assert_eq!(told, gone, "{made} made of {most}");
            }
        }
        assert_eq!(
            Minute::default().turn(3, u64::MAX, Timestamp(0)),
            Timestamp(0).after(Span::MAX)
        );
    }

    #[test]
    fn f07_the_limit_that_holds_longest_is_named() {
        let mut rates = Rates::default();
        let (here, there) = (EndpointId(1), EndpointId(2));
        let limits = Allowance { endpoint: Some(2), tenant: Some(3) };
        let turn = |rates: &Rates, id, allowance| rates.turn(id, allowance, 0, Timestamp(2_000));
        assert_eq!(turn(&rates, here, Allowance::default()), None);
        rates.recall(here, Timestamp(1_000));
        let told = |at, most, whose| Some(Turn { at: Timestamp(at), most, whose });
        assert_eq!(turn(&rates, here, limits), told(2_000, 2, Whose::Endpoint));
        rates.recall(here, Timestamp(1_500));
        assert_eq!(turn(&rates, here, limits), told(61_000, 2, Whose::Endpoint));
        assert_eq!(turn(&rates, there, limits), told(2_000, 2, Whose::Endpoint));
        rates.recall(there, Timestamp(1_700));
        assert_eq!(turn(&rates, there, limits), told(61_000, 3, Whose::Tenant));
    }

    #[test]
    fn a17_what_was_made_before_a_restart_counts_too() {
        let mut rates = Rates::default();
        let allowance = Allowance { endpoint: Some(3), tenant: None };
        for at in [1_000, 2_000, 3_000] {
            rates.recall(EndpointId(1), Timestamp(at));
        }
        assert_eq!(rates.take(EndpointId(1), allowance, Timestamp(9_000)), Err(Timestamp(61_000)));
        assert_eq!(rates.take(EndpointId(1), allowance, Timestamp(61_000)), Ok(()));
        assert_eq!(rates.take(EndpointId(2), allowance, Timestamp(9_000)), Ok(()));
    }

    #[test]
    fn many_at_once_are_taken_whole_or_not_at_all() {
        let mut minute = Minute::default();
        assert_eq!(minute.take_many(6, 10, Timestamp(1_000)), Ok(()));
        assert_eq!(minute.take_many(5, 10, Timestamp(2_000)), Err(Timestamp(61_000)));
        assert_eq!(minute.take_many(4, 10, Timestamp(2_000)), Ok(()));
        assert_eq!(minute.take_many(10, 10, Timestamp(61_500)), Err(Timestamp(62_000)));
        assert_eq!(minute.take_many(10, 10, Timestamp(62_000)), Ok(()));
        assert!(minute.take_many(11, 10, Timestamp(900_000)).is_err());
    }

    #[test]
    fn a_clock_that_is_set_back_opens_nothing() {
        let mut minute = Minute::default();
        assert_eq!(minute.take(1, Timestamp(90_000)), Ok(()));
        assert!(minute.take(1, Timestamp(10_000)).is_err());
        assert_eq!(minute.count(Timestamp(200_000)), 0);
    }
}
