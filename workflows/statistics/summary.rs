//! A tally as people and their tools read it.

use serde_json::{Map, Value, json};

use super::{Count, Route, Size, Sketch, Tally};
use crate::time::Span;

/// Types of event that are named in a summary.
const TOP_EVENTS: usize = 10;

/// What was counted in one slot, for a line in a chart.
pub fn point(tally: &Tally) -> Map<String, Value> {
    let mut told = measures(tally);
    told.insert("deliveries".to_owned(), Value::Object(route(&tally.attempts())));
    told
}

/// The names of what a point tells.
pub fn point_names() -> impl Iterator<Item = &'static str> {
    let counts = Count::ALL.into_iter().map(Count::as_str);
    counts.chain(Size::ALL.into_iter().map(Size::as_str)).chain(["deliveries"])
}

/// What was counted in a span of time.
pub fn summary(tally: &Tally, span: Span) -> Map<String, Value> {
    let mut told = measures(tally);
    let (events, failed) = (tally.of(Count::Events), tally.of(Count::EventsFailed));
    let attempts = tally.attempts();
    told.insert("events_per_minute".to_owned(), rounded(events as f64 / minutes(span)));
    told.insert("error_rate".to_owned(), share(failed, events));
    let (top, listed) = top(tally);
    told.insert("top_events".to_owned(), top);
    told.insert("other_events".to_owned(), events.saturating_sub(listed).into());
    told.insert("conversion_rate".to_owned(), conversion_rate(tally));
    told.insert("funnel".to_owned(), funnel(tally));
    let mut deliveries = route(&attempts);
    deliveries.insert("by_channel".to_owned(), by_channel(tally));
    deliveries.insert("by_endpoint".to_owned(), by_endpoint(tally));
    told.insert("deliveries".to_owned(), Value::Object(deliveries));
    told
}

fn measures(tally: &Tally) -> Map<String, Value> {
    let counts = Count::ALL.into_iter().map(|what| (what.as_str(), tally.of(what).into()));
    let sizes = Size::ALL.into_iter().map(|what| {
        let found = tally.size(what);
        (what.as_str(), size(found.as_deref(), what.per_millisecond()))
    });
    counts.chain(sizes).map(|(name, value)| (name.to_owned(), value)).collect()
}

/// A sketch's count, mean and quantiles, in milliseconds, of which there are parts where it was measured in
/// parts of one; they are null without values.
fn size(sketch: Option<&Sketch>, per_millisecond: u64) -> Value {
    let none = Sketch::default();
    let sketch = sketch.unwrap_or(&none);
    let count = sketch.count();
    let millis = |value: u64| match per_millisecond {
        1 => json!(value),
        parts => json!(value as f64 / parts as f64),
    };
    let quantile = |share| sketch.quantile(share).map(millis);
    let mean = (count > 0).then(|| millis(sketch.sum() / count));
    json!({"count": count, "mean_ms": mean, "p50_ms": quantile(0.5),
        "p95_ms": quantile(0.95), "p99_ms": quantile(0.99)})
}

fn route(route: &Route) -> Map<String, Value> {
    let told = json!({
        "attempts": route.attempts(),
        "sent": route.sent,
        "failed": route.failed,
        "retries": route.retries,
        "dead_letters": route.dead,
        "success_rate": share(route.sent.into(), route.attempts()),
        "failure_rate": share(route.failed.into(), route.attempts()),
        "retry_rate": share(route.retries.into(), route.attempts()),
        "latency": size(Some(&route.took), 1),
    });
    match told {
        Value::Object(told) => told,
        _ => Map::new(),
    }
}

fn by_channel(tally: &Tally) -> Value {
    let told = |(channel, found): (&super::Channel, &Route)| {
        (channel.as_str().to_owned(), Value::Object(route(found)))
    };
    Value::Object(tally.channels().iter().map(told).collect())
}

fn by_endpoint(tally: &Tally) -> Value {
    let told = |(&endpoint, found): (&u32, &Route)| {
        let mut told = route(found);
        let id = (endpoint > 0).then_some(endpoint);
        told.insert("endpoint_id".to_owned(), id.into());
        Value::Object(told)
    };
    tally.endpoints().iter().map(told).collect()
}

/// The most frequent types, and how many events they are together.
fn top(tally: &Tally) -> (Value, u64) {
    let mut types: Vec<(&str, u64)> =
        tally.types().iter().map(|(name, count)| (name.as_str(), *count)).collect();
    types.sort_by(|(a, x), (b, y)| y.cmp(x).then(a.cmp(b)));
    types.retain(|(name, _)| !name.is_empty());
    types.truncate(TOP_EVENTS);
    let listed = types.iter().map(|(_, count)| count).sum();
    let told = |(name, count)| json!({"event_type": name, "count": count});
    (types.into_iter().map(told).collect(), listed)
}

/// How far conversations came, from their beginning on. Each stage counts conversations that reached it in
/// this time, so one that began earlier may make a later stage larger than an earlier one.
fn funnel(tally: &Tally) -> Value {
    let first = tally.of(Count::ConversationsStarted);
    let stages = [
        ("started", Count::ConversationsStarted),
        ("intent_detected", Count::ConversationsWithIntent),
        ("product_viewed", Count::ConversationsWithProducts),
        ("converted", Count::ConversationsConverted),
    ];
    let stage = |(name, what)| {
        let count = tally.of(what);
        json!({"stage": name, "count": count, "share": share(count, first)})
    };
    stages.into_iter().map(stage).collect()
}

/// Conversations that came to something, for each that began.
fn conversion_rate(tally: &Tally) -> Value {
    share(tally.of(Count::ConversationsConverted), tally.of(Count::ConversationsStarted))
}

/// A share of a whole, from 0; null where there is no whole.
fn share(part: u64, whole: u64) -> Value {
    if whole == 0 {
        return Value::Null;
    }
    rounded(part as f64 / whole as f64)
}

fn minutes(span: Span) -> f64 {
    span.0.max(1) as f64 / 60_000.0
}

/// To four places, which is what anybody reads.
fn rounded(value: f64) -> Value {
    json!((value * 10_000.0).round() / 10_000.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::statistics::Channel;

    #[test]
    fn b11_a_summary_tells_rates_quantiles_and_the_funnel() {
        let mut tally = Tally::default();
        for number in 0..10 {
            tally.announced(if number < 7 { "conversation.started" } else { "order.completed" });
            tally.count(Count::ConversationsStarted);
            tally.measure(Size::AnswerTime, 100 * (number + 1));
        }
        tally.count(Count::ConversationsConverted);
        [250, 312, 900].into_iter().for_each(|micros| tally.measure(Size::ProcessingTime, micros));
        let mut route = Route { sent: 3, failed: 1, retries: 1, ..Route::default() };
        route.took.add(64);
        tally.attempt(Channel::Slack, 7, &route);
        let told = Value::Object(summary(&tally, Span::minutes(5)));
        assert_eq!(told["events_per_minute"], 2.0);
        assert_eq!(
            told["top_events"][0],
            json!({"event_type": "conversation.started", "count": 7})
        );
        assert_eq!(told["ai_response_time"]["count"], 10);
        assert_eq!(told["conversation_duration"]["p99_ms"], Value::Null);
        // An event takes less than a millisecond.
        assert_eq!(told["processing_time"]["mean_ms"], 0.487);
        let half = told["processing_time"]["p50_ms"].as_f64().unwrap();
        assert!((0.296..0.328).contains(&half), "{half}");
        assert_eq!(told["funnel"][3], json!({"stage": "converted", "count": 1, "share": 0.1}));
        assert_eq!(told["deliveries"]["by_channel"]["slack"]["success_rate"], 0.75);
        assert_eq!(told["deliveries"]["by_endpoint"][0]["endpoint_id"], 7);
        let nothing = Value::Object(summary(&Tally::default(), Span::minutes(1)));
        assert_eq!((&nothing["events"], &nothing["error_rate"]), (&json!(0), &Value::Null));
    }
}
