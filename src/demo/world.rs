//! The world around the restaurant: its CRM, its kitchen's screen, Slack, a mail server, WhatsApp.

use std::collections::VecDeque;

use anyhow::Context as _;

use crate::receiver::any_port;
use crate::receiver::graph::GraphReceiver;
use crate::receiver::slack::SlackReceiver;
use crate::receiver::smtp::SmtpReceiver;
use crate::receiver::webhook::{Behaviour, WebhookReceiver};

/// What WhatsApp's side knows of the restaurant.
pub(super) const ACCESS_TOKEN: &str = "EAAG-demo-token";
/// The line's id at Meta.
pub(super) const PHONE_NUMBER_ID: &str = "555000111";
/// What WhatsApp signs customers' messages with.
pub(super) const APP_SECRET: &str = "demo-app-secret";
/// The CRM's secret, one of the restaurant's own.
pub(super) const CRM_SECRET: &str = "a-secret-of-the-restaurants-own-crm-42";

/// Every receiver of the story.
pub(super) struct World {
    pub(super) crm: WebhookReceiver,
    pub(super) screen: WebhookReceiver,
    pub(super) slack: SlackReceiver,
    pub(super) mail: SmtpReceiver,
    pub(super) graph: GraphReceiver,
}

impl World {
    pub(super) async fn start() -> anyhow::Result<Self> {
        let crm = Behaviour {
            secret: Some(CRM_SECRET.to_owned()),
            // The CRM has a bad moment just as the story begins.
            script: VecDeque::from([(500, None)]),
            ..Behaviour::default()
        };
        let screen = Behaviour::default();
        Ok(Self {
            crm: WebhookReceiver::start(any_port(), crm).await.context("the CRM")?,
            screen: WebhookReceiver::start(any_port(), screen).await.context("the screen")?,
            slack: SlackReceiver::start().await.context("Slack")?,
            mail: SmtpReceiver::start().map_err(anyhow::Error::msg).context("the mail server")?,
            graph: GraphReceiver::start(ACCESS_TOKEN).await.context("WhatsApp")?,
        })
    }
}
