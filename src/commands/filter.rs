//! Which deliveries are meant: the same flags for lists and for jobs.

use clap::Args;
use serde_json::{Map, Value};
use sereno_actors::record::Answered;
use sereno_workflows::statistics::Channel;

use super::session::Query;
use super::words::moment;

/// What deliveries are chosen by.
#[derive(Debug, Args)]
pub(super) struct Filter {
    /// Of this endpoint
    #[arg(long, value_name = "ID", help_heading = "Filter")]
    endpoint: Option<u32>,
    /// Of events of this type, such as reservation.created
    #[arg(long, value_name = "TYPE", help_heading = "Filter")]
    event_type: Option<String>,
    /// From this moment on: RFC 3339, or a time ago such as 2h
    #[arg(long, value_parser = moment, value_name = "WHEN", help_heading = "Filter")]
    from: Option<String>,
    /// Before this moment
    #[arg(long, value_parser = moment, value_name = "WHEN", help_heading = "Filter")]
    to: Option<String>,
}

/// The same of deliveries however they stand.
#[derive(Debug, Args)]
pub(super) struct DeliveryFilter {
    #[command(flatten)]
    filter: Filter,
    /// That go out by this channel
    #[arg(long, value_parser = Channel::ALL.map(Channel::as_str), help_heading = "Filter")]
    channel: Option<String>,
    /// Whose latest attempt was answered so
    #[arg(long, value_parser = Answered::ALL.map(Answered::as_str), help_heading = "Filter")]
    code: Option<String>,
    /// Of events that say this
    #[arg(long, value_name = "TEXT", help_heading = "Filter")]
    text: Option<String>,
}

/// The same of what was given up.
#[derive(Debug, Args)]
pub(super) struct LetterFilter {
    #[command(flatten)]
    filter: Filter,
    /// With this cause, as `dead-letters list --group cause` shows it, such as 404
    #[arg(long, help_heading = "Filter")]
    cause: Option<String>,
    /// By whose fault
    #[arg(long, value_parser = ["receiver", "configuration", "system"], help_heading = "Filter")]
    fault: Option<String>,
}

impl Filter {
    /// As parameters of a query.
    pub(super) fn query(&self) -> Query {
        let texts = [
            ("endpoint_id", self.endpoint.map(|id| id.to_string())),
            ("event_type", self.event_type.clone()),
            ("from", self.from.clone()),
            ("to", self.to.clone()),
        ];
        texts.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
    }

    /// As the body of a job.
    pub(super) fn body(&self) -> Map<String, Value> {
        let mut body = body_of(self.query());
        if let Some(endpoint) = self.endpoint {
            body.insert("endpoint_id".to_owned(), Value::from(endpoint));
        }
        body
    }
}

impl DeliveryFilter {
    /// As parameters of a query.
    pub(super) fn query(&self) -> Query {
        let own = [("channel", &self.channel), ("code", &self.code), ("q", &self.text)];
        let own = own.into_iter().filter_map(|(name, value)| Some((name, value.clone()?)));
        self.filter.query().into_iter().chain(own).collect()
    }

    /// As the body of a job.
    pub(super) fn body(&self) -> Map<String, Value> {
        let mut body = body_of(self.query());
        body.extend(self.filter.body());
        body
    }
}

impl LetterFilter {
    /// As parameters of a query.
    pub(super) fn query(&self) -> Query {
        let own = [("cause", &self.cause), ("fault", &self.fault)];
        let own = own.into_iter().filter_map(|(name, value)| Some((name, value.clone()?)));
        self.filter.query().into_iter().chain(own).collect()
    }

    /// As the body of a job.
    pub(super) fn body(&self) -> Map<String, Value> {
        let mut body = body_of(self.query());
        body.extend(self.filter.body());
        body
    }
}

fn body_of(query: Query) -> Map<String, Value> {
    query.into_iter().map(|(name, value)| (name.to_owned(), Value::from(value))).collect()
}
