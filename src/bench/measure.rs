//! Figures from what came and from what the kernel knows of a process.

use std::time::{Duration, Instant};

use hdrhistogram::Histogram;

use super::sink::Arrival;

/// How long anything that must come may take.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);
/// The kernel counts a process's time in hundredths of a second, whatever its clock.
const TICK_MS: u64 = 10;
/// Points of a line in a plot.
const POINTS: u32 = 60;
/// A time in microseconds that stands for "did not come".
const NEVER_US: u64 = 3_600_000_000;

/// So many in that time, a second.
pub(super) fn per_second(count: usize, took: Duration) -> f64 {
    u32::try_from(count).map_or(f64::INFINITY, f64::from) / took.as_secs_f64().max(1e-6)
}

pub(super) fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

pub(super) fn megabytes(bytes: Option<u64>) -> Option<f64> {
    u32::try_from(bytes? >> 10).ok().map(|kilobytes| f64::from(kilobytes) / 1024.0)
}

/// A process's user and system time so far.
pub(super) fn cpu_time(process: u32) -> Option<Duration> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // The name before it, in brackets, may have spaces in it.
    let fields = stat.rsplit(')').next()?.split_whitespace();
    let ticks: u64 = fields.skip(11).take(2).filter_map(|field| field.parse::<u64>().ok()).sum();
    Some(Duration::from_millis(ticks * TICK_MS))
}

/// A process's resident memory in bytes.
pub(super) fn resident_bytes(process: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    Some(line.split_whitespace().next()?.parse::<u64>().ok()? << 10)
}

/// The last arrival.
pub(super) fn last(arrivals: &[Arrival]) -> Option<&Arrival> {
    arrivals.iter().max_by_key(|arrival| arrival.at)
}

/// Arrivals a second over time, as the points of a line: seconds since `began`, and the rate then.
pub(super) fn rates(arrivals: &[Arrival], began: Instant, took: Duration) -> Vec<(f64, f64)> {
    let part = (took / POINTS).max(Duration::from_millis(10));
    let mut counts = vec![0_usize; usize::try_from(POINTS).unwrap_or(1)];
    for arrival in arrivals {
        let place = (arrival.at - began).as_nanos() / part.as_nanos();
        if let Some(count) = usize::try_from(place).ok().and_then(|place| counts.get_mut(place)) {
            *count += 1;
        }
    }
    let used = u32::try_from(took.as_nanos().div_ceil(part.as_nanos())).unwrap_or(POINTS);
    let middle = |place: u32| part.as_secs_f64() * (f64::from(place) + 0.5);
    let counts = counts.into_iter().zip(0..used.min(POINTS));
    counts.map(|(count, place)| (middle(place), per_second(count, part))).collect()
}

/// How times are spread over all that was sent; what did not come counts as longer than all that did.
pub(super) struct Times {
    histogram: Histogram<u64>,
}

impl Times {
    /// The spread of these times; `None` for what did not come.
    pub(super) fn of(times: impl Iterator<Item = Option<Duration>>) -> anyhow::Result<Self> {
        let mut histogram = Histogram::new(3)?;
        for time in times {
            let micros =
                time.map_or(NEVER_US, |time| u64::try_from(time.as_micros()).unwrap_or(NEVER_US));
            histogram.record(micros.clamp(1, NEVER_US))?;
        }
        Ok(Self { histogram })
    }

    /// The time that this share did not exceed, in milliseconds; `None` if it did not come.
    pub(super) fn quantile(&self, share: f64) -> Option<f64> {
        let micros = self.histogram.value_at_quantile(share);
        let came = !self.histogram.is_empty() && micros < NEVER_US / 2;
        came.then(|| millis(Duration::from_micros(micros)))
    }

    /// How many took no longer than this.
    pub(super) fn within(&self, most: Duration) -> u64 {
        self.histogram.count_between(0, u64::try_from(most.as_micros()).unwrap_or(NEVER_US))
    }

    /// How many came.
    pub(super) fn came(&self) -> u64 {
        self.histogram.count_between(0, NEVER_US / 2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_did_not_come_is_longer_than_all_that_did() {
        let came = (1..=98).map(|n| Some(Duration::from_millis(n)));
        let times = Times::of(came.chain([None, None])).unwrap();
        assert!((times.quantile(0.5).unwrap() - 50.0).abs() < 0.1);
        assert_eq!(times.quantile(0.99), None);
        assert_eq!((times.came(), times.within(Duration::from_millis(10))), (98, 10));
        assert_eq!(Times::of(std::iter::empty()).unwrap().quantile(0.5), None);
    }

    #[test]
    fn rates_are_counted_over_parts_of_the_time() {
        let began = Instant::now();
        let arrivals: Vec<Arrival> = (0..600)
            .map(|n| Arrival { number: n, at: began + Duration::from_millis(10 * n) })
            .collect();
        let rates = rates(&arrivals, began, Duration::from_secs(6));
        assert_eq!(rates.len(), 60);
        assert!(rates.iter().all(|(_, rate)| (*rate - 100.0).abs() < 1e-6), "{rates:?}");
    }

    #[test]
    fn the_kernel_says_what_a_process_costs() {
        let own = std::process::id();
        assert!(cpu_time(own).is_some() && resident_bytes(own).unwrap() > 1 << 20);
    }
}
