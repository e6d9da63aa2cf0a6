//! Quantiles of very many values in little memory: a histogram whose bins grow with the value, as in
//! DDSketch (Masson, Rim and Lee, VLDB 2019). Two of them add up to the sketch of all their values.

use serde::{Deserialize, Serialize};

/// Bins for each doubling of the value: a quantile is wrong by at most 4.5 %.
const BINS_PER_DOUBLING: f64 = 8.0;
/// The last bin; it takes values from 2^37 on, which is four years in milliseconds and 38 hours in microseconds.
const BIN_MAX: u16 = 296;

/// A sketch of whole values that are not negative, such as milliseconds.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Sketch {
    /// Bins that have values, in order, with how many.
    bins: Vec<(u16, u32)>,
    /// The sum of all values.
    sum: u64,
}

impl Sketch {
    /// Adds a value.
    pub fn add(&mut self, value: u64) {
        self.put(bin(value), 1);
        self.sum = self.sum.saturating_add(value);
    }

    /// Adds all values of another sketch.
    pub fn merge(&mut self, other: &Self) {
        for &(bin, count) in &other.bins {
            self.put(bin, count);
        }
        self.sum = self.sum.saturating_add(other.sum);
    }

    /// The same values in a unit that is so much smaller. What was no whole unit is taken for half of one.
    pub fn finer(&self, times: u64) -> Self {
        let mut finer = Self { bins: Vec::new(), sum: self.sum.saturating_mul(times) };
        for &(place, count) in &self.bins {
            let value = if place == 0 { 0.5 } else { middle_of(place) };
            finer.put(bin(whole(value * times as f64)), count);
        }
        finer
    }

    /// How many values it has.
    pub fn count(&self) -> u64 {
        self.bins.iter().map(|(_, count)| u64::from(*count)).sum()
    }

    /// The sum of its values.
    pub fn sum(&self) -> u64 {
        self.sum
    }

    /// The value below which this share of all values lies, such as 0.95; `None` without any.
    pub fn quantile(&self, share: f64) -> Option<u64> {
        let count = self.count();
        let rank = whole(share.clamp(0.0, 1.0) * count.saturating_sub(1) as f64);
        let mut passed = 0;
        let found = self.bins.iter().find(|(_, count)| {
            passed += u64::from(*count);
            passed > rank
        });
        found.map(|(bin, _)| middle(*bin))
    }

    /// How many values are at most this one, which is a power of two or zero.
    pub fn at_most(&self, limit: u64) -> u64 {
        let last = bin(limit);
        let below = self.bins.iter().take_while(|(bin, _)| *bin <= last);
        below.map(|(_, count)| u64::from(*count)).sum()
    }

    fn put(&mut self, bin: u16, count: u32) {
        match self.bins.binary_search_by_key(&bin, |(bin, _)| *bin) {
            Ok(place) => {
                if let Some((_, counted)) = self.bins.get_mut(place) {
                    *counted = counted.saturating_add(count);
                }
            }
            Err(place) => self.bins.insert(place, (bin, count)),
        }
    }
}

/// Bin 0 is for zero; bin `b` for values above 2^((b-2)/8) up to 2^((b-1)/8).
fn bin(value: u64) -> u16 {
    if value == 0 {
        return 0;
    }
    let place = (BINS_PER_DOUBLING * (value as f64).log2()).ceil();
    u16::try_from(whole(place)).unwrap_or(BIN_MAX).saturating_add(1).min(BIN_MAX)
}

fn middle(bin: u16) -> u64 {
    if bin == 0 { 0 } else { whole(middle_of(bin)) }
}

/// The middle of a bin that is not for zero.
fn middle_of(bin: u16) -> f64 {
    ((f64::from(bin) - 1.5) / BINS_PER_DOUBLING).exp2()
}

/// The nearest whole number; 0 for what is negative.
#[expect(clippy::cast_possible_truncation, reason = "a cast from a float saturates")]
pub(crate) fn whole(value: f64) -> u64 {
    value.round() as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn b11_quantiles_are_right_within_five_percent_and_merge(
            mut values in proptest::collection::vec(0_u64..10_000_000, 1..400),
            cut in 0_usize..400,
            share in 0.0_f64..=1.0,
        ) {
            let (mut whole, mut left, mut right) =
                (Sketch::default(), Sketch::default(), Sketch::default());
            for (place, &value) in values.iter().enumerate() {
                whole.add(value);
                if place < cut { left.add(value) } else { right.add(value) }
            }
            left.merge(&right);
            prop_assert_eq!(&left, &whole);
            values.sort_unstable();
            let exact = values[usize::try_from(super::whole(share * (values.len() - 1) as f64)).unwrap()] as f64;
            let told = whole.quantile(share).unwrap() as f64;
            prop_assert!((told - exact).abs() <= (0.05 * exact).max(1.0), "{told} for {exact}");
            prop_assert_eq!(whole.count(), values.len() as u64);
            prop_assert_eq!(whole.sum(), values.iter().sum::<u64>());
            for limit in [0, 1, 64, 4_096, 1 << 20] {
                let below = values.iter().filter(|value| **value <= limit).count() as u64;
                prop_assert_eq!(whole.at_most(limit), below);
            }
        }
    }

    #[test]
    fn b11_a_sketch_in_a_finer_unit_has_the_same_values() {
        let mut millis = Sketch::default();
        [0, 1, 7, 90, 1_500].into_iter().for_each(|value| millis.add(value));
        let micros = millis.finer(1_000);
        assert_eq!((micros.count(), micros.sum()), (5, 1_598_000));
        for (share, exact) in [(0.0, 500), (0.5, 7_000), (0.75, 90_000), (1.0, 1_500_000)] {
            let told = micros.quantile(share).unwrap();
            assert!(told.abs_diff(exact) <= exact / 10, "{told} for {exact}");
        }
        assert_eq!(Sketch::default().finer(1_000), Sketch::default());
    }

    #[test]
    fn b11_a_sketch_is_small_and_takes_every_value() {
        let mut sketch = Sketch::default();
        assert_eq!((sketch.quantile(0.5), sketch.count()), (None, 0));
        for power in 0..64 {
            sketch.add(1 << power);
        }
        sketch.add(u64::MAX);
        assert!(sketch.bins.len() <= usize::from(BIN_MAX) + 1);
        assert!(sketch.quantile(1.0).unwrap() > 1 << 36);
    }
}
