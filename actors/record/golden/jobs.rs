//! The bytes of jobs, and of what was tried of a delivery.

use sereno_workflows::statistics::Channel;

use super::*;

#[test]
fn jobs_stand_on_disk_as_they_always_did() {
    let selection = Selection {
        endpoint: Some(1),
        event_type: Some("a.*".into()),
        status: Some("dead".into()),
        cause: Some("404".into()),
        fault: Some(Fault::System),
        from: Sequence(7),
        to: Sequence(9),
        ..Selection::default()
    };
    let job = JobRecord {
        task: JobTask::Recover,
        selection: selection.clone(),
        state: JobState::Failed,
        created_at: NOW,
        began: Sequence(8),
        ended_at: Some(NOW),
        place: Sequence(8),
        examined: 3,
        matched: 2,
        done: 1,
        error: Some("no".into()),
        reason: String::new(),
        skipped: 0,
        refused: 0,
        not_done: Vec::new(),
        by: None,
    };
    stands("", &job);
    let not_done = vec![
        NotDone { item: Some(Sequence(9)), why: Hindrance::UnderWay },
        NotDone { item: None, why: Hindrance::Unreached },
    ];
    let query = Some("ana".to_owned());
    let (channel, answered) = (Some(Channel::Whatsapp), Some(Answered::Nothing));
    let selection = Selection { channel, answered, query, ..selection };
    let reason = "the till was replaced".to_owned();
    let job = JobRecord { selection, reason, skipped: 1, refused: 1, not_done, ..job };
    stands_since(2, "/reason", &job);
    let not_done = vec![NotDone { item: Some(Sequence(9)), why: Hindrance::Held }];
    stands_since(2, "/held", &JobRecord { skipped: 0, not_done, ..job.clone() });
    let by = Some(Actor::Key { id: "k1".into(), name: "first".into() });
    let not_done = vec![NotDone { item: Some(Sequence(9)), why: Hindrance::Over }];
    let job = JobRecord { task: JobTask::CancelDeliveries, by, not_done, ..job };
    stands_since(3, "/cancel", &job);
}

#[test]
fn the_history_of_deliveries_stands_on_disk_as_it_always_did() {
    let history = vec![Sequence(5), Sequence(6)];
    let collect = Some("a.b".into());
    let again = DeliveryRecord { forgiven: 1, history: history.clone(), collect, ..delivery() };
    stands_since(2, "/again", &again);
    let status = DeliveryStatusRecord {
        endpoint: 1,
        status: AttemptStatus::Collected,
        attempts: 2,
        code: 200,
        error: None,
        next_at: None,
        history,
        cancelled: None,
    };
    stands_since(2, "/history", &status);
    let by = Actor::Key { id: "k1".into(), name: "first".into() };
    let cancelled = Some(Box::new(Signed { at: NOW, by, reason: "late".into() }));
    let status = DeliveryStatusRecord { status: AttemptStatus::Withdrawn, cancelled, ..status };
    stands_since(3, "/cancelled", &status);
}
