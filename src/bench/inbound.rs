//! `sereno bench inbound`: signed WhatsApp letters at a steady pace; how soon each is answered, and read.

use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use clap::Args;
use serde_json::json;
use sereno_actors::signature;

use super::load::{Departure, OpenLoop, Post};
use super::measure::{Times, millis};
use super::plot::{Chart, Data};
use super::progress::Progress;
use super::report::{Bar, Figure, Report, number};
use super::subject::{Customer, Subject};
use super::{ServerArgs, measure};

/// The flags of `sereno bench inbound`.
#[derive(Debug, Args)]
pub(crate) struct InboundArgs {
    /// How many letters a second
    #[arg(long, default_value_t = 500, value_parser = clap::value_parser!(u32).range(1..=20_000))]
    rate: u32,
    /// For how long
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=3_600))]
    seconds: u32,
    #[command(flatten)]
    pub(super) server: ServerArgs,
}

/// How soon the median letter must be answered, and all but a few: what Meta asks for, ten times over.
const MEDIAN_MS_MAX: f64 = 25.0;
const P99_MS_MAX: f64 = 250.0;
/// Letters before those that are measured: so many a second, for so long.
const WARM_UP_RATE: u32 = 200;
const WARM_UP: Duration = Duration::from_secs(1);
/// One letter in so many has a customer's message; the others have statuses of messages of ours, as Meta
/// sends three for each that goes out.
const MESSAGE_EVERY: usize = 4;
const APP_SECRET: &str = "app-secret-of-the-bench";
const PHONE_NUMBER_ID: &str = "555000111";

/// Measures.
pub(super) async fn run(args: &InboundArgs, progress: &mut Progress) -> anyhow::Result<Report> {
    let (rate, span) = (args.rate, Duration::from_secs(args.seconds.into()));
    progress.say(&format!(
        "bench inbound: {} signed WhatsApp letters a second for {} s, one in {MESSAGE_EVERY} with a \
         customer's message, the others with a status",
        number(f64::from(rate)),
        args.seconds
    ));
    let subject = Subject::start(&args.server).await?;
    progress.say(&format!("  {}", subject.told()));
    let line = json!({"whatsapp": {"phone_number_id": PHONE_NUMBER_ID, "app_secret": APP_SECRET}});
    let customer = subject.tenant("inbound", line).await?;
    let path = format!("/webhooks/whatsapp/{}", customer.id());
    let post = move |number| letter(&path, number);
    let load = OpenLoop::posting(customer.clone(), Box::new(post));
    let warmed = load.run(WARM_UP_RATE, WARM_UP, 0).await?;
    read(&customer, progress).await?;

    let (cpu, began) = (subject.cpu_time(), Instant::now());
    progress.at(|| "letters on their way".to_owned());
    let sent = load.run(rate, span, warmed.len()).await?;
    let answered = began.elapsed();
    read(&customer, progress).await?;
    let all_read = began.elapsed();
    let cpu = subject.cpu_time().zip(cpu).map(|(after, before)| after - before);
    progress.clear();
    let refused = sent.iter().filter(|letter| letter.taken.is_none()).count();
    ensure!(refused == 0, "{refused} of {} letters were not answered with 200", sent.len());
    let found = Found { sent, answered, all_read, cpu, resident: subject.resident_bytes() };
    report(args, &found)
}

/// What was measured.
struct Found {
    sent: Vec<Departure>,
    /// From the first letter to the last answer.
    answered: Duration,
    /// From the first letter until all were read.
    all_read: Duration,
    cpu: Option<Duration>,
    resident: Option<u64>,
}

fn report(args: &InboundArgs, found: &Found) -> anyhow::Result<Report> {
    let took = |letter: &Departure| letter.taken.map(|taken| taken - letter.at);
    let times = Times::of(found.sent.iter().map(took))?;
    let count = u32::try_from(found.sent.len())?;
    let cpu_us = found.cpu.map(|cpu| cpu.as_secs_f64() * 1e6 / f64::from(count));
    let behind = found.all_read.saturating_sub(found.answered);
    let quantile = |share| times.quantile(share);
    Ok(Report {
        bench: "inbound",
        title: format!(
            "{} letters at {}/s: checked, durable, answered; read and carried out afterwards",
            number(f64::from(count)),
            number(f64::from(args.rate))
        ),
        figures: vec![
            Figure::new("answered, median", quantile(0.5), " ms").bar(Bar::AtMost(MEDIAN_MS_MAX)),
            Figure::new("answered, 99 of 100", quantile(0.99), " ms").bar(Bar::AtMost(P99_MS_MAX)),
            Figure::new("answered, the slowest", quantile(1.0), " ms"),
            Figure::new("all read, after the last answer", Some(millis(behind)), " ms"),
            Figure::new("server CPU for a letter, reading it too", cpu_us, " us"),
            Figure::new("server memory", measure::megabytes(found.resident), " MB"),
        ],
        table: None,
        notes: Vec::new(),
        chart: Chart {
            title: "How soon a letter is answered".to_owned(),
            values: "milliseconds".to_owned(),
            mark: Some((format!("bar {MEDIAN_MS_MAX} ms"), MEDIAN_MS_MAX)),
            data: Data::Bars(
                [("median", 0.5), ("90 of 100", 0.9), ("99 of 100", 0.99), ("slowest", 1.0)]
                    .map(|(name, share)| (name.to_owned(), quantile(share)))
                    .into(),
            ),
        },
        details: json!({
            "rate": args.rate, "seconds": args.seconds, "letters": count,
        }),
    })
}

/// Waits until every letter that came was read, and none of them in vain.
async fn read(customer: &Customer, progress: &mut Progress) -> anyhow::Result<()> {
    let patience = Instant::now() + measure::PATIENCE;
    while customer.letters("pending").await? > 0 {
        progress.at(|| "letters are being read".to_owned());
        ensure!(Instant::now() < patience, "some letters are still not read");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    for state in ["invalid", "quarantined", "refused"] {
        let count = customer.letters(state).await?;
        ensure!(count == 0, "a letter is {state}");
    }
    Ok(())
}

/// The letter with this number, as Meta would send it.
fn letter(path: &str, number: usize) -> anyhow::Result<Post> {
    let mut value = if number.is_multiple_of(MESSAGE_EVERY) {
        json!({
            "contacts": [{"profile": {"name": "Ana Gil"}, "wa_id": "34600000001"}],
            "messages": [{"from": "34600000001", "id": format!("wamid.bench-{number}"),
                "timestamp": "1760000001", "type": "text",
                "text": {"body": "Buenos d\u{ed}as, quiero reservar"}}],
        })
    } else {
        json!({
            "statuses": [{"id": format!("wamid.other-{number}"), "status": "delivered",
                "timestamp": "1760000021", "recipient_id": "34600000001",
                "pricing": {"billable": true, "pricing_model": "PMP", "category": "utility"}}],
        })
    };
    let map = value.as_object_mut().context("an object")?;
    map.insert("messaging_product".to_owned(), json!("whatsapp"));
    let line = json!({"display_phone_number": "34910000001", "phone_number_id": PHONE_NUMBER_ID});
    map.insert("metadata".to_owned(), line);
    let changes = json!([{"field": "messages", "value": value}]);
    let body = json!({"object": "whatsapp_business_account",
        "entry": [{"id": "100200300400", "changes": changes}]});
    let body = body.to_string();
    let signature = signature::hex(body.as_bytes(), APP_SECRET);
    Ok(Post {
        path: path.to_owned(),
        headers: format!("x-hub-signature-256: {signature}\r\n"),
        body,
    })
}
