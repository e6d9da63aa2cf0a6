//! The deliveries of an event: to whom, and under which numbers.

use serde::{Deserialize, Serialize};
use sereno_workflows::id::{EndpointId, Sequence};

/// The deliveries of an event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Deliveries {
    /// Each endpoint with its delivery, as version 1 of an event's record had them.
    Each(Vec<(u32, Sequence)>),
    /// A byte or so for each endpoint, so that an event for ten thousand is still one record.
    Run {
        /// The delivery to the first endpoint; the others follow without a gap.
        first: Sequence,
        /// The endpoints in ascending order, each as its distance from the one before.
        steps: Vec<u32>,
    },
}

impl Deliveries {
    /// No deliveries.
    pub const NONE: Self = Self::Run { first: Sequence(0), steps: Vec::new() };

    /// Deliveries to these endpoints, which ascend, under the numbers from `first` on.
    pub fn run(first: Sequence, endpoints: &[EndpointId]) -> Self {
        let before = [EndpointId(0)].into_iter().chain(endpoints.iter().copied());
        let steps = endpoints.iter().zip(before).map(|(endpoint, before)| endpoint.0 - before.0);
        Self::Run { first, steps: steps.collect() }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        match self {
            Self::Each(all) => all.len(),
            Self::Run { steps, .. } => steps.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Each endpoint with its delivery.
    pub fn to_vec(&self) -> Vec<(EndpointId, Sequence)> {
        match self {
            Self::Each(all) => {
                all.iter().map(|&(id, delivery)| (EndpointId(id), delivery)).collect()
            }
            Self::Run { first, steps } => {
                let sum = |sum: &mut u32, step: &u32| {
                    *sum = sum.saturating_add(*step);
                    Some(EndpointId(*sum))
                };
                let endpoints = steps.iter().scan(0, sum);
                endpoints.zip((first.0..).map(Sequence)).collect()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_gives_back_what_it_was_made_of() {
        let endpoints = [EndpointId(3), EndpointId(4), EndpointId(900)];
        let run = Deliveries::run(Sequence(7), &endpoints);
        let numbered = [(3, 7), (4, 8), (900, 9)];
        assert_eq!(run.to_vec(), numbered.map(|(id, at)| (EndpointId(id), Sequence(at))));
        assert_eq!((run.len(), Deliveries::NONE.is_empty()), (3, true));
    }
}
