//! `sereno listen`: shows what an endpoint would get, with its signatures judged.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::Context as _;
use clap::Args;
use sereno_actors::signature;
use sereno_workflows::time::Span;

use crate::receiver::verify::{self, Verdict};
use crate::receiver::webhook::{Behaviour, Delivery, WebhookReceiver};

/// The flags of `sereno listen`.
#[derive(Debug, Args)]
#[command(after_help = "\
Example: see what a webhook endpoint gets, failing one delivery in five
  sereno listen --port 9000 --secret whsec_… --fail-rate 0.2

Allow the server to reach it, and register it:
  SERENO_ALLOW_PRIVATE_TARGETS=127.0.0.0/8 sereno serve
  curl -H \"Authorization: Bearer $SERENO_API_KEY\" http://127.0.0.1:8080/api/v1/admin/notify/endpoints \\
    -d '{\"kind\": \"webhook\", \"target\": \"http://127.0.0.1:9000/hook\"}'")]
pub struct ListenArgs {
    /// The port to listen on
    #[arg(long, default_value_t = 9000)]
    port: u16,
    /// The endpoint's secret, or its public key; without it signatures are not checked
    #[arg(long, env = "SERENO_SECRET", hide_env_values = true, value_parser = secret)]
    secret: Option<String>,
    /// The share of deliveries to answer with 500, from 0 to 1
    #[arg(long, default_value_t = 0.0, value_parser = share)]
    fail_rate: f64,
    /// How long to wait before each answer, such as 500ms
    #[arg(long, default_value = "0s", value_parser = duration)]
    delay: Duration,
}

fn secret(text: &str) -> Result<String, String> {
    if text.starts_with("whpk_") {
        let problem = "a public key is whpk_ and the base64 of 32 bytes, as the endpoint shows it";
        return verify::public_key(text).map(|_| text.to_owned()).ok_or(problem.to_owned());
    }
    signature::check_secret(text).map(|()| text.to_owned())
}

/// Listens and prints until `stop` is ready.
pub async fn run(args: ListenArgs, stop: impl Future<Output = ()>) -> anyhow::Result<()> {
    let address = SocketAddr::from(([127, 0, 0, 1], args.port));
    let behaviour = Behaviour {
        secret: args.secret,
        fail_rate: args.fail_rate,
        delay: args.delay,
        ..Behaviour::default()
    };
    let receiver = WebhookReceiver::start(address, behaviour).await;
    let receiver =
        receiver.with_context(|| format!("cannot listen on {address}; choose another --port"))?;
    print(&format!("listening on {} · Ctrl-C ends", receiver.url()));
    let mut arrivals = receiver.inbox.watch();
    let shown = async {
        while arrivals.changed().await.is_ok() {
            for delivery in receiver.inbox.take() {
                print(&line(&delivery));
            }
        }
    };
    tokio::select! {
        () = shown => {}
        () = stop => {}
    }
    Ok(())
}

/// Whoever sends must not be able to steer the terminal, so control characters are replaced.
fn line(delivery: &Delivery) -> String {
    let verdict = match delivery.verdict {
        Verdict::Valid => "signature valid".to_owned(),
        Verdict::Invalid(why) => format!("SIGNATURE INVALID: {why}"),
        Verdict::Unchecked => "signature unchecked".to_owned(),
    };
    format!(
        "{} {} · {} · attempt {} · {verdict} · answered {}\n    {}",
        delivery.json().get("timestamp").and_then(|at| at.as_str()).unwrap_or("-"),
        delivery.event_type,
        delivery.id,
        delivery.attempt,
        delivery.answered.as_u16(),
        String::from_utf8_lossy(&delivery.body),
    )
    .chars()
    .map(|c| if c.is_control() && c != '\n' { char::REPLACEMENT_CHARACTER } else { c })
    .collect()
}

fn share(text: &str) -> Result<f64, String> {
    let share: f64 = text.parse().map_err(|_| "must be a number from 0 to 1".to_owned())?;
    if (0.0..=1.0).contains(&share) { Ok(share) } else { Err("must be from 0 to 1".to_owned()) }
}

fn duration(text: &str) -> Result<Duration, String> {
    text.parse::<Span>().map(Duration::from).map_err(|error| error.to_string())
}

#[expect(clippy::print_stdout, reason = "what arrives is the command's output")]
fn print(line: &str) {
    println!("{line}");
}

#[cfg(test)]
mod tests {
    use axum::body::Bytes;
    use axum::http::{HeaderMap, StatusCode};

    use super::*;

    #[test]
    fn a_line_tells_the_verdict_and_cannot_steer_the_terminal() {
        let mut delivery = Delivery {
            path: "/hook".to_owned(),
            id: "d1".to_owned(),
            event_type: "a\u{1b}[2Jb".to_owned(),
            attempt: 2,
            headers: HeaderMap::new(),
            body: Bytes::from_static(b"{\"timestamp\":\"2026-01-20T20:00:00Z\"}"),
            verdict: Verdict::Invalid("X-Signature is wrong"),
            answered: StatusCode::OK,
            at: std::time::Instant::now(),
        };
        let shown = line(&delivery);
        assert!(shown.starts_with("2026-01-20T20:00:00Z a"), "{shown}");
        assert!(
            shown.contains("d1 · attempt 2 · SIGNATURE INVALID: X-Signature is wrong"),
            "{shown}"
        );
        assert!(!shown.contains('\u{1b}'), "{shown}");
        delivery.verdict = Verdict::Valid;
        assert!(line(&delivery).contains("signature valid"));
    }

    #[test]
    fn flags_are_read_and_bad_ones_explained() {
        assert_eq!(share("0.2"), Ok(0.2));
        assert!(share("1.5").is_err() && share("-1").is_err() && share("NaN").is_err());
        assert_eq!(duration("500ms"), Ok(Duration::from_millis(500)));
        assert!(duration("soon").is_err());
    }
}
