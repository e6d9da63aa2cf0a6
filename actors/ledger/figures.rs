//! What the rules for alerts are held against.

use std::sync::Arc;

use sereno_workflows::alerts::Figures;
use sereno_workflows::id::EndpointId;
use sereno_workflows::statistics::{Tally, Window};

use super::{Ledger, LedgerError};
use crate::view::TenantView;

impl Ledger {
    /// What a tenant has counted up to now.
    pub(crate) fn figures(&self, view: &TenantView) -> Result<Arc<Figures>, LedgerError> {
        let tenant = &view.id;
        self.statistics.take_up(self, tenant)?;
        let now = self.now().timestamp();
        let windows = Window::ALL.map(|window| self.statistics.window(tenant, window, now));
        let dead_letters = self.dead_letters_at_sight(tenant)?.count as u64;
        let [.., day] = &windows;
        let failing = self.failing(view, day)?;
        let still_fails = !failing.is_empty();
        let failing_took = self.statistics.slowest_lately(tenant, &failing, now);
        Ok(Arc::new(Figures { windows, dead_letters, still_fails, failing_took }))
    }

    /// Those of these endpoints, and of the tenant's own roads, of which the latest attempt failed, as far as they are
    /// still to be tried.
    fn failing(&self, view: &TenantView, tally: &Tally) -> Result<Vec<EndpointId>, LedgerError> {
        let mut failing = Vec::new();
        let failed = tally.endpoints().iter().filter(|(_, route)| route.failed > 0);
        for (&id, _) in failed {
            let id = EndpointId(id);
            let is_enabled = || view.endpoints.get(&id).is_some_and(|found| found.config.enabled);
            let is_tried = id.is_own() || is_enabled();
            if is_tried && self.health(&view.id, id)?.failures_in_a_row > 0 {
                failing.push(id);
            }
        }
        Ok(failing)
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::time::Duration;

    use serde_json::json;
    use sereno_workflows::event::Event;
    use sereno_workflows::id::TenantId;
    use sereno_workflows::policy::Settings;
    use sereno_workflows::time::{Span, Timestamp};

    use crate::channel::tests::receiver::Receiver;
    use crate::engine::Engine;
    use crate::trial::{end, engine_with};

    const START: Timestamp = Timestamp(1_800_000_000_000);

    fn shop() -> TenantId {
        "shop".parse().unwrap()
    }

    /// An engine at a moment whose WhatsApp is there.
    async fn engine(directory: &Path, at: Timestamp, graph: &str) -> Engine {
        engine_with(directory, at, |config| config.channels.graph_url = graph.parse().unwrap())
            .await
    }

    async fn still_fails(engine: &Engine, wanted: bool) {
        let view = engine.view(&shop()).unwrap();
        for _ in 0..1_000 {
            if engine.ledger().figures(&view).unwrap().still_fails == wanted {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("it never was {wanted}");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn b15_d09_a_whatsapp_that_stays_dead_still_fails_hours_later_and_after_restarts() {
        let directory = tempfile::tempdir().unwrap();
        let dead = Receiver::answering("500 Internal Server Error", "", "{}").await;
        let first = engine(directory.path(), START, dead.url.as_str()).await;
        let settings = json!({"reminders": ["1h"], "whatsapp": {"phone_number_id": "1",
            "access_token": "a-token-of-some-length"}});
        let settings = Settings::from_json(settings).unwrap();
        first.create_tenant(shop(), "Shop".to_owned(), settings).await.unwrap();
        still_fails(&first, false).await;
        let slot = START.after(Span::hours(1)).after(Span::millis(1_500));
        let booked = json!({"event_type": "reservation.created", "data": {"reservation_id": "R-1",
            "wa_number": "+34600000001", "date_time": slot.to_rfc3339()}});
        let booked = Event::from_json(booked, START).unwrap();
        first.submit(&shop(), vec![booked], None, None).await.unwrap();
        still_fails(&first, true).await;
        end(first).await;
        // Longer than what is raised stands without anything to measure it by.
        for hours in [2, 20] {
            let later =
                engine(directory.path(), START.after(Span::hours(hours)), dead.url.as_str()).await;
            still_fails(&later, true).await;
            end(later).await;
        }
    }
}
