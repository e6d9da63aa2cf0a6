//! Channels by which nothing goes out for now: what is for them waits.

use serde::{Deserialize, Serialize};

use crate::statistics::Channel;

/// What a tenant says of each of its channels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Channels {
    /// Signed webhooks.
    pub webhook: ChannelSettings,
    /// Slack.
    pub slack: ChannelSettings,
    /// Email.
    pub email: ChannelSettings,
    /// WhatsApp, to customers too.
    pub whatsapp: ChannelSettings,
}

/// What a tenant says of one channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ChannelSettings {
    /// Whether nothing goes out by it until somebody says otherwise.
    pub paused: bool,
}

impl Channels {
    /// Whether nothing goes out by a channel.
    pub fn is_paused(&self, channel: Channel) -> bool {
        let settings = match channel {
            Channel::Webhook => self.webhook,
            Channel::Slack => self.slack,
            Channel::Email => self.email,
            Channel::Whatsapp => self.whatsapp,
        };
        settings.paused
    }

    /// Whether everything goes out, as it does where nothing is said.
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }
}
