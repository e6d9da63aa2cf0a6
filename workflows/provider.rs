//! What a provider says of a message after it has taken it: sent, delivered, read, or failed after all.
//!
//! Its words come in any order, several times or not at all (`read` without `delivered`). Each is kept once,
//! and the highest says how the message stands: it never goes back, and what arrived stays arrived even if
//! another of the customer's devices failed.

use serde::{Deserialize, Serialize};

/// One such word; a later one here says more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum ProviderStatus {
    /// The provider sent it on.
    Sent,
    /// It could not be delivered.
    Failed,
    /// It reached a device.
    Delivered,
    /// It was read.
    Read,
    /// It was listened to.
    Played,
}

impl ProviderStatus {
    /// All of them, in their order.
    pub const ALL: [Self; 5] =
        [Self::Sent, Self::Failed, Self::Delivered, Self::Read, Self::Played];

    /// The status with this name at the provider.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == word)
    }

    /// Its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sent => "sent",
            Self::Failed => "failed",
            Self::Delivered => "delivered",
            Self::Read => "read",
            Self::Played => "played",
        }
    }

    /// Whether the provider has it and sees it through.
    pub fn is_good(self) -> bool {
        self != Self::Failed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn d03_words_are_read_back_and_a_later_one_says_more() {
        for status in ProviderStatus::ALL {
            assert_eq!(ProviderStatus::from_word(status.as_str()), Some(status));
        }
        assert_eq!(ProviderStatus::from_word("RINGING"), None);
        use ProviderStatus::{Delivered, Failed, Read, Sent};
        assert!(Sent < Failed && Failed < Delivered && Delivered < Read);
    }
}
