//! What the environment says of tracing, looked at by a server's start and by `sereno check`.

use anyhow::{Context as _, Result, anyhow, ensure};
use http::HeaderName;
use sereno_workflows::trace::sampler::Sampler;
use url::Url;

use crate::config::variable;

/// Where spans go: the first that is set, for spans alone or for all signals.
const ENDPOINTS: [&str; 2] = ["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT"];
const HEADERS: [&str; 2] = ["OTEL_EXPORTER_OTLP_TRACES_HEADERS", "OTEL_EXPORTER_OTLP_HEADERS"];
const PROTOCOLS: [&str; 2] = ["OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL"];

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
    }
    let failed = |(name, looked): (_, Result<()>)| looked.err().map(|error| (name, error));
    looked_at.into_iter().filter_map(failed).collect()
}

/// What is set and not followed.
pub fn remarks() -> Vec<String> {
    let other = |name: &&str| text(name).is_some_and(|protocol| protocol != "http/protobuf");
    let remark = |name| format!("{name}: only http/protobuf is spoken, and it is used");
    if exports() { PROTOCOLS.into_iter().filter(other).map(remark).collect() } else { Vec::new() }
}

/// Whether spans are exported.
pub(super) fn exports() -> bool {
    !is_off() && ENDPOINTS.into_iter().any(|name| text(name).is_some())
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
        pair.split_once('=').is_some_and(|(name, _)| name.trim().parse::<HeaderName>().is_ok())
    };
    let pairs = text.split(',').filter(|pair| !pair.trim().is_empty());
    ensure!(pairs.into_iter().all(is_header), "holds no headers: write name=value,other=value");
    Ok(())
}

/// Says which of several is meant.
pub(super) fn first_of(problems: Vec<(&'static str, anyhow::Error)>) -> Result<()> {
    problems.into_iter().next().map_or(Ok(()), |(name, error)| Err(error).context(name))
}
