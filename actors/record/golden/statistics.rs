//! The bytes of what was counted.

use sereno_workflows::statistics::{Channel, Count, Route, Size, Slot, Tally};

use super::*;

#[test]
fn counts_stand_on_disk_as_they_always_did() {
    let mut tally = Tally::default();
    tally.announced("reminder.24h.sent");
    Count::ALL.into_iter().take(23).for_each(|what| tally.count(what));
    for what in
        [Size::AnswerTime, Size::ConversationTime, Size::ProcessingMillis, Size::HandoffTime]
    {
        tally.measure(what, 1_500);
    }
    let channels = [Channel::Webhook, Channel::Slack, Channel::Email, Channel::Whatsapp];
    for (endpoint, channel) in (7..).zip(channels) {
        let mut route = Route { sent: 1, failed: 2, retries: 3, dead: 4, ..Route::default() };
        route.took.add(64);
        tally.attempt(channel, endpoint, &route);
    }
    stands("", &SlotRecord(Slot { from: NOW, tally: tally.clone() }));
    tally.count(Count::RemindersConfirmed);
    tally.cause("503");
    stands_since(2, "/causes", &SlotRecord(Slot { from: NOW, tally: tally.clone() }));
    tally.measure(Size::ProcessingTime, 312);
    stands_since(2, "/microseconds", &SlotRecord(Slot { from: NOW, tally: tally.clone() }));
    [Size::ClaimTime, Size::ResolveTime].into_iter().for_each(|what| tally.measure(what, 1_500));
    stands_since(2, "/handoff-times", &SlotRecord(Slot { from: NOW, tally: tally.clone() }));
    (0..70).for_each(|number| tally.announced(&format!("type.{number:02}")));
    stands_since(3, "/heaviest", &SlotRecord(Slot { from: NOW, tally }));
}
