//! What a fan-out is told of the deliveries that it offered.

use std::sync::Arc;

use parking_lot::Mutex;
use ractor::ActorRef;
use sereno_workflows::id::Sequence;

use super::FanOutMessage;

/// What became of a delivery that was offered, of which event and with which index.
pub(super) enum Word {
    /// It was attempted, or is in its endpoint's queue.
    Secured(Sequence, u32),
    /// The endpoint that had it in its hands is gone.
    Lost(Sequence, u32),
}

/// Words on their way to a fan-out, one for each delivery in flight at most: many come at once, and it hears them
/// together.
pub(super) struct Words {
    fan_out: ActorRef<FanOutMessage>,
    said: Mutex<Vec<Word>>,
}

impl Words {
    /// No words yet, on their way to this one.
    pub(super) fn to(fan_out: ActorRef<FanOutMessage>) -> Arc<Self> {
        Arc::new(Self { fan_out, said: Mutex::default() })
    }

    /// Owes the word for a delivery.
    pub(super) fn share(self: &Arc<Self>, event: Sequence, index: u32) -> Share {
        Share { words: Arc::clone(self), event, index, owed: true }
    }

    /// All that was said since.
    pub(super) fn take(&self) -> Vec<Word> {
        std::mem::take(&mut *self.said.lock())
    }

    pub(super) fn say(&self, word: Word) {
        let mut said = self.said.lock();
        said.push(word);
        if said.len() == 1 {
            // An error means that the fan-out is gone; its successor looks for itself.
            drop(self.fan_out.cast(FanOutMessage::Heard));
        }
    }
}

/// The word that is owed for an offered delivery; dropped without it, the delivery counts as lost.
pub(crate) struct Share {
    words: Arc<Words>,
    event: Sequence,
    index: u32,
    owed: bool,
}

impl Share {
    /// What came of the delivery is durable.
    pub(crate) fn secured(mut self) {
        self.owed = false;
        self.words.say(Word::Secured(self.event, self.index));
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        if self.owed {
            self.words.say(Word::Lost(self.event, self.index));
        }
    }
}
