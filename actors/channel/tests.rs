//! Attempts over real sockets on this machine; each module has the receivers of its kind.

mod bad;
mod chat;
mod mail;
mod mail_pool;
mod oauth;
pub(crate) mod receiver;
mod signing;
mod webhook;

use std::time::Duration;

use super::auth::ClientCredentials;
use super::*;

/// Channels that may call this machine, with the deadlines that are the default.
fn channels() -> Channels {
    let private_targets = vec!["127.0.0.0/8".parse().unwrap()];
    Channels::new(ChannelConfig { private_targets, ..ChannelConfig::default() }).unwrap()
}

/// The same with little patience, for receivers that hang.
fn impatient() -> Channels {
    let short = Duration::from_millis(400);
    let config = ChannelConfig {
        private_targets: vec!["127.0.0.0/8".parse().unwrap()],
        webhook_timeout: short,
        slack_timeout: short,
        whatsapp_timeout: short,
        email_timeout: short,
        ..ChannelConfig::default()
    };
    Channels::new(config).unwrap()
}

fn at(url: Url) -> Arc<Address> {
    Arc::new(Address::try_from(url).unwrap())
}

fn load() -> Load {
    let body = concat!(
        r#"{"data":{"date_time":"2026-01-20T19:00:00.000Z","name":"Ana <b>"},"event_id":"e1","#,
        r#""event_type":"reservation.created","timestamp":"2026-01-19T10:00:00.000Z"}"#,
    );
    Load {
        id: "dlv_1".into(),
        attempt: 2,
        trace: crate::trace::of_delivery("dlv_1", 2),
        event_type: "reservation.created".into(),
        body: body.to_string().into(),
        message: None,
        words: None,
        locale: Locale::Es,
        zone: sereno_workflows::time::zone("Europe/Madrid").unwrap(),
        timeout: None,
    }
}

/// The text and code of an outcome that is final.
#[track_caller]
fn dead_with(outcome: Outcome) -> (i32, String) {
    let Outcome::Dead { code, error } = outcome else { panic!("not dead: {outcome:?}") };
    (code, error)
}

/// The text, code and wait of an outcome that is tried again.
#[track_caller]
fn retry_with(outcome: Outcome) -> (i32, String, Option<sereno_workflows::time::Span>) {
    let Outcome::Retry { code, error, after } = outcome else { panic!("no retry: {outcome:?}") };
    (code, error, after)
}

#[test]
fn nothing_secret_is_in_a_debug_text() {
    let destination = Destination::Slack { to: at("https://x/SECRET".parse().unwrap()) };
    let auth = Auth::Bearer { token: "SECRET".into() };
    let load = Load { body: "SECRET".into(), ..load() };
    assert!(!format!("{destination:?} {auth:?} {load:?}").contains("SECRET"));
}

#[test]
fn c02_auth_is_read_as_documented_and_unknown_fields_are_refused() {
    for (text, auth) in [
        (
            r#"{"kind":"basic","user":"u","password":"p"}"#,
            Some(Auth::Basic { user: "u".into(), password: "p".into() }),
        ),
        (r#"{"kind":"bearer","token":"t"}"#, Some(Auth::Bearer { token: "t".into() })),
        (
            r#"{"kind":"header","name":"n","value":"v"}"#,
            Some(Auth::Header { name: "n".into(), value: "v".into() }),
        ),
        (
            r#"{"kind":"oauth2","token_url":"https://x/t","client_id":"i","client_secret":"s"}"#,
            Some(Auth::Oauth2(ClientCredentials {
                token_url: "https://x/t".into(),
                client_id: "i".into(),
                client_secret: "s".into(),
                scope: None,
                audience: None,
            })),
        ),
        (r#"{"kind":"oauth2","token_url":"https://x/t","client_id":"i"}"#, None),
        (r#"{"kind":"oauth2","token_url":"u","client_id":"i","client_secret":"s","x":1}"#, None),
        (r#"{"kind":"bearer","token":"t","user":"u"}"#, None),
        (r#"{"kind":"digest"}"#, None),
    ] {
        assert_eq!(serde_json::from_str(text).ok(), auth, "{text}");
    }
}

#[test]
fn a_graph_url_that_is_no_base_is_refused() {
    let graph_url = Url::parse("mailto:a@b.c").unwrap();
    let made = Channels::new(ChannelConfig { graph_url, ..ChannelConfig::default() });
    assert!(matches!(made, Err(ChannelError::GraphUrl)));
}

#[test]
fn an_attempt_stays_small_enough_to_be_moved_about() {
    let channels = channels();
    let (load, url) = (load(), Url::parse("http://a.b").unwrap());
    let destination = Destination::Slack { to: at(url) };
    let bytes = size_of_val(&channels.attempt(&destination, &load, Timestamp(0)));
    assert!(bytes <= 2_048, "{bytes} bytes: box what one channel alone needs");
}
