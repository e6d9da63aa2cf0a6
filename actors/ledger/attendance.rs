//! When a server was there and counted: it says so now and then, and whoever is there next knows for how long none was.
//! What was not counted meanwhile is not known to be nothing.

use sereno_workflows::time::Timestamp;

use super::{Ledger, LedgerError};
use crate::limits::attendance::{ABSENCE_MIN, ABSENCES_MAX};
use crate::record::key::{self, HOME};
use crate::record::{self, MetaRecord};
use crate::store::Batch;

/// When one was there last.
const PRESENT: &str = "present";
/// From when until when none was, the latest last.
const ABSENT: &str = "absent";

impl Ledger {
    /// Notes that a server is there, unless it counts nothing, and that none was, if so.
    pub(crate) async fn attend(&self) -> Result<(), LedgerError> {
        if !self.statistics.counts() {
            return Ok(());
        }
        let now = self.now().timestamp();
        let mut batch = Batch::new(HOME);
        let last = self.moments(PRESENT)?.pop();
        // While a clock is put back nothing is known of it, and nobody is away.
        if last.is_some_and(|last| last > now) {
            return Ok(());
        }
        if let Some(last) = last
            && now.since(last) >= ABSENCE_MIN
        {
            let mut all: Vec<_> =
                self.absences()?.into_iter().flat_map(|(from, to)| [from, to]).collect();
            all.extend([last, now]);
            let beyond = all.len().saturating_sub(2 * ABSENCES_MAX);
            put(&mut batch, ABSENT, all.iter().skip(beyond));
        }
        put(&mut batch, PRESENT, &[now]);
        self.commit_home(batch).await;
        Ok(())
    }

    /// From when until when no server was there that counted, in order, as far as it lasted.
    pub(crate) fn absences(&self) -> Result<Vec<(Timestamp, Timestamp)>, LedgerError> {
        let moments = self.moments(ABSENT)?;
        let (pairs, _) = moments.as_chunks::<2>();
        Ok(pairs.iter().map(|[from, to]| (*from, *to)).collect())
    }

    fn moments(&self, name: &str) -> Result<Vec<Timestamp>, LedgerError> {
        let found: Option<MetaRecord> = self.get(HOME, &key::meta(name))?;
        let bytes = found.map(|MetaRecord(bytes)| bytes).unwrap_or_default();
        let (moments, _) = bytes.as_chunks::<8>();
        Ok(moments.iter().map(|bytes| Timestamp(i64::from_be_bytes(*bytes))).collect())
    }
}

fn put<'a>(batch: &mut Batch, name: &str, moments: impl IntoIterator<Item = &'a Timestamp>) {
    let bytes = moments.into_iter().flat_map(|moment| moment.0.to_be_bytes()).collect();
    batch.put(key::meta(name), record::encode(&MetaRecord(bytes)));
}

#[cfg(test)]
mod tests {
    use sereno_workflows::time::Span;

    use super::*;
    use crate::trial::{end, engine};

    const START: Timestamp = Timestamp(1_800_000_000_000);

    #[tokio::test(flavor = "multi_thread")]
    async fn c04_a_server_knows_for_how_long_none_was_there_unless_it_was_short() {
        let directory = tempfile::tempdir().unwrap();
        let hours = |count| START.after(Span::hours(count));
        let mut absences = Vec::new();
        for (at, was_away) in [
            (START, false),
            (START.after(Span::minutes(50)), false),
            (hours(5), true),
            (hours(7), true),
            // The clock was put back, and on again.
            (hours(2), false),
            (hours(200), true),
        ] {
            let engine = engine(directory.path(), at).await;
            let known = engine.ledger().absences().unwrap();
            assert_eq!(known.len(), absences.len() + usize::from(was_away), "{at:?}");
            if let Some((from, to)) = known.last().filter(|_| was_away) {
                assert!(*to >= at && to.since(at) < Span::minutes(1), "{to:?}");
                assert!(*from < at, "{from:?}");
            }
            absences = known;
            end(engine).await;
        }
        assert!(absences[0].0.since(START.after(Span::minutes(50))) < Span::minutes(1));
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn c04_absences_beyond_the_bound_are_forgotten_the_oldest_first() {
        let directory = tempfile::tempdir().unwrap();
        let first = engine(directory.path(), START).await;
        let moment = |number: usize| START.after(Span::hours(number as u64));
        let mut batch = Batch::new(HOME);
        let full: Vec<_> = (0..2 * ABSENCES_MAX).map(moment).collect();
        put(&mut batch, ABSENT, &full);
        first.ledger().commit_home(batch).await;
        assert_eq!(first.ledger().absences().unwrap().len(), ABSENCES_MAX);
        end(first).await;
        let later = engine(directory.path(), moment(2 * ABSENCES_MAX)).await;
        let known = later.ledger().absences().unwrap();
        assert_eq!(known.len(), ABSENCES_MAX);
        assert_eq!(known[0], (moment(2), moment(3)));
        assert!(known.last().unwrap().1 >= moment(2 * ABSENCES_MAX));
        end(later).await;
    }
}
