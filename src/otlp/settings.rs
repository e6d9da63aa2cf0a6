//! What the environment says of tracing, looked at by a server's start and by `sereno check`.

use std::ops::RangeInclusive;
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow, ensure};
use http::{HeaderName, HeaderValue};
use sereno_workflows::trace::sampler::Sampler;
use url::Url;

use crate::config::variable;

/// Where spans go: the first that is set, for spans alone or for all signals.
const ENDPOINTS: [&str; 2] = ["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT"];
const HEADERS: [&str; 2] = ["OTEL_EXPORTER_OTLP_TRACES_HEADERS", "OTEL_EXPORTER_OTLP_HEADERS"];
const PROTOCOLS: [&str; 2] = ["OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL"];
const TIMEOUTS: [&str; 2] = ["OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "OTEL_EXPORTER_OTLP_TIMEOUT"];
const COMPRESSIONS: [&str; 2] =
    ["OTEL_EXPORTER_OTLP_TRACES_COMPRESSION", "OTEL_EXPORTER_OTLP_COMPRESSION"];
/// The protocols that there are; one of them is spoken.
const SPOKEN: [&str; 3] = ["http/protobuf", "grpc", "http/json"];
/// Variables of the usual exporters that ours does not follow, and what it does.
const UNFOLLOWED: [(&str, &str); 9] = [
    (COMPRESSIONS[0], UNCOMPRESSED),
    (COMPRESSIONS[1], UNCOMPRESSED),
    ("OTEL_EXPORTER_OTLP_TRACES_CERTIFICATE", USUAL_ROOTS),
    ("OTEL_EXPORTER_OTLP_CERTIFICATE", USUAL_ROOTS),
    ("OTEL_EXPORTER_OTLP_TRACES_CLIENT_CERTIFICATE", NO_CERTIFICATE),
    ("OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE", NO_CERTIFICATE),
    ("OTEL_EXPORTER_OTLP_TRACES_CLIENT_KEY", NO_CERTIFICATE),
    ("OTEL_EXPORTER_OTLP_CLIENT_KEY", NO_CERTIFICATE),
    ("OTEL_PROPAGATORS", "traces go on by traceparent and tracestate"),
];
const UNCOMPRESSED: &str = "spans go out uncompressed";
const USUAL_ROOTS: &str = "a collector is trusted as any other server is";
const NO_CERTIFICATE: &str = "the collector is shown no certificate";
/// What, where it is set to this, is as it is anyway.
const AS_IT_IS: [&str; 3] = ["none", "tracecontext", "tracecontext,baggage"];
/// How long the collector may take, in milliseconds.
const TIMEOUT_MS: RangeInclusive<u32> = 1..=600_000;
/// Of the SDK's own batches, which ours are not: what they may be, and what is usual.
const BATCHES: [(&str, RangeInclusive<u32>, u32); 4] = [
    ("OTEL_BSP_SCHEDULE_DELAY", 0..=u32::MAX, 5_000),
    ("OTEL_BSP_EXPORT_TIMEOUT", 0..=u32::MAX, 30_000),
    ("OTEL_BSP_MAX_QUEUE_SIZE", 1..=u32::MAX, 2_048),
    ("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", 1..=u32::MAX, 512),
];

/// Every variable that does not fit, by its name, with what is wrong with it. What names an address or a
/// key is not repeated.
pub(super) fn problems() -> Vec<(&'static str, anyhow::Error)> {
    let mut looked_at = vec![
        ("OTEL_SDK_DISABLED", word("OTEL_SDK_DISABLED", &["true", "false"])),
        ("OTEL_TRACES_EXPORTER", word("OTEL_TRACES_EXPORTER", &["otlp", "none"])),
    ];
    if !is_off() {
        looked_at.push(("OTEL_TRACES_SAMPLER", named_sampler()));
        looked_at.push(("OTEL_TRACES_SAMPLER_ARG", share()));
        looked_at.extend(ENDPOINTS.map(|name| (name, address(name))));
        looked_at.extend(HEADERS.map(|name| (name, headers(name))));
        looked_at.extend(PROTOCOLS.map(|name| (name, word(name, &SPOKEN))));
        looked_at.extend(COMPRESSIONS.map(|name| (name, word(name, &["none", "gzip", "zstd"]))));
        looked_at.extend(TIMEOUTS.map(|name| (name, number(name, TIMEOUT_MS, 10_000).map(drop))));
        let of_batches = |(name, range, usual)| (name, number(name, range, usual).map(drop));
        looked_at.extend(BATCHES.map(of_batches));
        looked_at.push(("OTEL_RESOURCE_ATTRIBUTES", attributes("OTEL_RESOURCE_ATTRIBUTES")));
    }
    let failed = |(name, looked): (_, Result<()>)| looked.err().map(|error| (name, error));
    looked_at.into_iter().filter_map(failed).collect()
}

/// What is set and not followed, and what to do about it.
pub fn remarks() -> Vec<(String, &'static str)> {
    if !exports() {
        return Vec::new();
    }
    let other =
        |name: &&str| text(name).is_some_and(|protocol| !protocol.eq_ignore_ascii_case(SPOKEN[0]));
    let protocol = |name| {
        let advice = "unset it, or set it to http/protobuf and give the collector's port for HTTP";
        (format!("{name}: only http/protobuf is spoken, and it is used"), advice)
    };
    let is_set = |name: &&str| text(name).is_some();
    let batch = |name| {
        let said = "spans go out 512 at once, or after a second";
        (format!("{name} is not followed: {said}"), "unset it: it does nothing here")
    };
    let unfollowed = |(name, said): (&str, &str)| {
        let advice = "unset it: it does nothing here";
        let is_other = text(name).is_some_and(|text| !AS_IT_IS.contains(&&*text));
        is_other.then(|| (format!("{name} is not followed: {said}"), advice))
    };
    let protocols = PROTOCOLS.into_iter().filter(other).map(protocol);
    let protocols = protocols.chain(UNFOLLOWED.into_iter().filter_map(unfollowed));
    protocols.chain(BATCHES.map(|(name, ..)| name).into_iter().filter(is_set).map(batch)).collect()
}

/// Whether spans are exported.
pub(super) fn exports() -> bool {
    !is_off() && ENDPOINTS.into_iter().any(|name| text(name).is_some())
}

/// How long the collector may take for a batch, where that is set.
pub(super) fn patience() -> Result<Option<Duration>> {
    for name in TIMEOUTS {
        if let Some(millis) = number(name, TIMEOUT_MS, 10_000)? {
            return Ok(Some(Duration::from_millis(millis.into())));
        }
    }
    Ok(None)
}

/// Which traces are exported.
pub(super) fn sampler() -> Result<Sampler> {
    let Some(name) = text("OTEL_TRACES_SAMPLER") else { return Ok(Sampler::default()) };
    let argument = text("OTEL_TRACES_SAMPLER_ARG");
    Sampler::read(&name, argument.as_deref()).map_err(|problem| anyhow!(problem))
}

/// A variable, where it can be read at all.
pub(super) fn text(name: &str) -> Option<String> {
    variable(name).ok().flatten()
}

fn is_off() -> bool {
    text("OTEL_SDK_DISABLED").is_some_and(|on| on.eq_ignore_ascii_case("true"))
        || text("OTEL_TRACES_EXPORTER").is_some_and(|exporter| exporter == "none")
}

fn word(name: &str, words: &[&str]) -> Result<()> {
    let Some(word) = variable(name)? else { return Ok(()) };
    let is_known = words.iter().any(|known| word.eq_ignore_ascii_case(known));
    ensure!(is_known, "'{word}' is not understood: write {}", words.join(" or "));
    Ok(())
}

fn named_sampler() -> Result<()> {
    let Some(name) = variable("OTEL_TRACES_SAMPLER")? else { return Ok(()) };
    Sampler::read(&name, None).map(drop).map_err(|problem| anyhow!(problem))
}

/// No sampler of ours takes anything else.
fn share() -> Result<()> {
    let Some(share) = variable("OTEL_TRACES_SAMPLER_ARG")? else { return Ok(()) };
    Sampler::read("traceidratio", Some(&share))
        .map(drop)
        .map_err(|problem| anyhow!("{problem}: write a share such as 0.1, for one trace in ten"))
}

fn address(name: &str) -> Result<()> {
    let Some(text) = variable(name)? else { return Ok(()) };
    let is_address = Url::parse(&text)
        .is_ok_and(|url| ["http", "https"].contains(&url.scheme()) && url.has_host())
        && text.parse::<http::Uri>().is_ok();
    ensure!(is_address, "is no address: write a URL such as http://127.0.0.1:4318");
    Ok(())
}

fn headers(name: &str) -> Result<()> {
    let Some(text) = variable(name)? else { return Ok(()) };
    let is_header = |pair: &str| {
        pair.split_once('=').is_some_and(|(name, value)| {
            name.trim().parse::<HeaderName>().is_ok() && HeaderValue::from_str(value.trim()).is_ok()
        })
    };
    let pairs = text.split(',').filter(|pair| !pair.trim().is_empty());
    ensure!(pairs.into_iter().all(is_header), "holds no headers: write name=value,other=value");
    Ok(())
}

fn number(name: &str, range: RangeInclusive<u32>, usual: u32) -> Result<Option<u32>> {
    let Some(text) = variable(name)? else { return Ok(None) };
    let number = text.parse().ok().filter(|number| range.contains(number));
    let (least, most) = range.into_inner();
    let number = number.with_context(|| {
        format!("'{text}' is not understood: write a whole number from {least} to {most}, such as {usual}")
    })?;
    Ok(Some(number))
}

fn attributes(name: &str) -> Result<()> {
    let Some(text) = variable(name)? else { return Ok(()) };
    let is_named = |name: &str| !name.is_empty() && !name.contains(char::is_whitespace);
    let is_attribute =
        |pair: &str| pair.split_once('=').is_some_and(|(name, _)| is_named(name.trim()));
    let pairs = text.split(',').filter(|pair| !pair.trim().is_empty());
    let all: Vec<&str> = pairs.collect();
    ensure!(
        !all.is_empty() && all.into_iter().all(is_attribute),
        "holds no attributes: write name=value,other=value, such as deployment.environment=shop"
    );
    Ok(())
}

/// Says which of several is meant.
pub(super) fn first_of(problems: Vec<(&'static str, anyhow::Error)>) -> Result<()> {
    problems.into_iter().next().map_or(Ok(()), |(name, error)| Err(error).context(name))
}
