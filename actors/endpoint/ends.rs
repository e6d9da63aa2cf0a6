//! Attempts that came to their end for good, on their way to their endpoint's actor.
//!
//! Most need nothing more than their place. So the actor is not woken for each: it finds them when it next does
//! anything, and is told of the first one after it found no room.

use parking_lot::Mutex;
use ractor::ActorRef;
use sereno_workflows::id::Sequence;

use super::EndpointMessage;

/// Deliveries whose end is durable; as many as are under way at most.
pub(super) struct Ends {
    actor: ActorRef<EndpointMessage>,
    said: Mutex<Said>,
}

#[derive(Default)]
struct Said {
    deliveries: Vec<Sequence>,
    is_awaited: bool,
}

impl Ends {
    /// None yet, on their way to this one.
    pub(super) fn to(actor: ActorRef<EndpointMessage>) -> Self {
        Self { actor, said: Mutex::default() }
    }

    /// A delivery's end is durable.
    pub(super) fn say(&self, delivery: Sequence) {
        let mut said = self.said.lock();
        said.deliveries.push(delivery);
        if std::mem::take(&mut said.is_awaited) {
            // An error means that the actor is gone; its successor reads the queue.
            drop(self.actor.cast(EndpointMessage::Room));
        }
    }

    /// All that was said since.
    pub(super) fn take(&self) -> Vec<Sequence> {
        std::mem::take(&mut self.said.lock().deliveries)
    }

    /// Has the actor told of the next one; not so where one was said meanwhile, and it can go on.
    pub(super) fn is_to_wait(&self) -> bool {
        let mut said = self.said.lock();
        said.is_awaited = said.deliveries.is_empty();
        said.is_awaited
    }
}

#[cfg(test)]
mod tests {
    use ractor::{Actor, ActorProcessingErr};
    use tokio::sync::mpsc;

    use super::*;

    /// An actor that does nothing but count how often it is told of room.
    struct Told(mpsc::UnboundedSender<()>);

    impl Actor for Told {
        type Msg = EndpointMessage;
        type State = ();
        type Arguments = ();

        async fn pre_start(
            &self,
            _myself: ActorRef<EndpointMessage>,
            (): (),
        ) -> Result<(), ActorProcessingErr> {
            Ok(())
        }

        async fn handle(
            &self,
            _myself: ActorRef<EndpointMessage>,
            message: EndpointMessage,
            (): &mut (),
        ) -> Result<(), ActorProcessingErr> {
            assert!(matches!(message, EndpointMessage::Room));
            self.0.send(())?;
            Ok(())
        }
    }

    #[tokio::test]
    async fn b13_who_finds_no_room_is_told_of_the_first_end_after_that_and_of_no_other() {
        let (told, mut heard) = mpsc::unbounded_channel();
        let (actor, end) = Actor::spawn(None, Told(told), ()).await.unwrap();
        let ends = Ends::to(actor.clone());
        let [first, second, third] = [1, 2, 3].map(Sequence);

        ends.say(first);
        assert!(!ends.is_to_wait(), "there is room by now");
        assert_eq!(ends.take(), [first]);
        assert!(ends.is_to_wait());
        ends.say(second);
        ends.say(third);
        assert_eq!(ends.take(), [second, third]);

        actor.drain().unwrap();
        end.await.unwrap();
        assert_eq!(heard.recv().await, Some(()));
        assert_eq!(heard.recv().await, None, "once is enough");
    }
}
