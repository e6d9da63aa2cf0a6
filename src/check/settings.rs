//! The configuration, setting by setting: what is unknown, what does not fit, and what was likely meant.

use std::collections::BTreeSet;
use std::net::TcpListener;

use clap::{CommandFactory as _, Parser};
use figment::providers::{Format as _, Serialized, Toml};
use figment::{Figment, Provider as _};
use sereno_workflows::check::{Course, Finding, Part};

use super::CheckArgs;
use crate::config::{Config, ServeArgs};
use crate::log::LogSettings;
use crate::otlp;

/// The flags of `sereno serve` alone.
#[derive(Parser)]
#[command(name = "sereno serve", no_binary_name = true)]
struct Flags {
    #[command(flatten)]
    serve: ServeArgs,
}

/// Prefixes of variables that are most likely meant for us.
const PREFIXES: [&str; 2] = ["SERENO_", "SMTP_"];
/// Variables that are no settings of the server.
const OTHERS: [&str; 6] = [
    "SERENO_API_KEY",
    "SERENO_KEY",
    "SERENO_URL",
    "SERENO_LOG_FORMAT",
    "SERENO_TESTS_LONG",
    "SERENO_BIN",
];
/// How alike a name must be to be the one that was meant.
const ALIKE: f64 = 0.75;

/// Reads flags, environment and file; answers what was found, and the configuration as far as it can be read.
pub(super) fn load(args: &CheckArgs) -> (Vec<Finding>, Config) {
    let mut findings = vec![environment()];
    let mut flags = ServeArgs::default();
    match Flags::try_parse_from(&args.serve) {
        Ok(parsed) => flags = parsed.serve,
        Err(error) => {
            let said = error.to_string();
            let said = said.lines().next().unwrap_or_default().trim_start_matches("error: ");
            let advice = "correct the flag, or the environment variable of the same name";
            findings.push(failed("flags, environment", said, advice));
        }
    }
    let (of_file, usable) = file();
    findings.extend(of_file);
    let mut figment = Figment::from(Serialized::defaults(Config::default()));
    if usable {
        figment = figment.merge(Toml::file(Config::FILE));
    }
    let whole = figment.merge(Serialized::defaults(&flags)).extract();
    let mut config = whole.unwrap_or_else(|error: figment::Error| {
        // What is amiss only where all of it comes together.
        if usable {
            let advice = "correct it in flags, environment or sereno.toml, and check again";
            findings.push(failed("settings", error.to_string(), advice));
        }
        Config::default()
    });
    findings.extend(beside());
    if let Some(data) = &args.data {
        config.data.clone_from(data);
    }
    let problems = values(&config);
    let good = problems.is_empty() && findings.iter().all(|found| found.advice.is_none());
    findings.extend(problems);
    if good {
        let mut way = Course::default();
        way.pass("values", format!("every setting fits; data in {}", config.data.display()));
        findings.push(way.finding(Part::Configuration, "settings", None));
    }
    (findings, config)
}

/// Whether the address is free.
pub(super) fn listen(config: &Config) -> Finding {
    let mut way = Course::default();
    match TcpListener::bind(config.listen) {
        Ok(_) => way.pass("bind", format!("{} is free", config.listen)),
        Err(error) => way.fail(
            "bind",
            format!("{}: {error}", config.listen),
            "choose another address or port (SERENO_LISTEN), or stop who has it",
        ),
    }
    way.finding(Part::Configuration, "SERENO_LISTEN", None)
}

fn failed(name: &str, detail: impl Into<String>, advice: impl Into<String>) -> Finding {
    let mut way = Course::default();
    way.fail("value", detail, advice);
    way.finding(Part::Configuration, name, None)
}

fn doubtful(name: &str, detail: &str, advice: &str) -> Finding {
    let mut way = Course::default();
    way.warn("value", detail, advice);
    way.finding(Part::Configuration, name, None)
}

/// Variables that look like ours and are not.
fn environment() -> Finding {
    let command = Flags::command();
    let of_flag = |flag: &clap::Arg| flag.get_env()?.to_str().map(str::to_owned);
    let mut known: BTreeSet<String> = command.get_arguments().filter_map(of_flag).collect();
    known.extend(OTHERS.map(str::to_owned));
    let names = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok());
    let mut set = 0;
    let mut way = Course::default();
    for name in names {
        if known.contains(&name) {
            set += 1;
        } else if PREFIXES.iter().any(|prefix| name.starts_with(prefix)) {
            let advice = format!("unset it{}", meant(&name, known.iter()));
            way.warn("unknown", format!("{name} is no setting"), advice);
        }
    }
    way.pass("known", format!("{set} variables of ours"));
    way.finding(Part::Configuration, "environment", None)
}

/// The file's settings one by one; answers whether it can be used.
fn file() -> (Vec<Finding>, bool) {
    let name = Config::FILE;
    let data = match Toml::file(name).data() {
        Ok(data) => data,
        Err(error) => {
            let advice = "correct the file's form; it is TOML, such as: listen = \"0.0.0.0:8080\"";
            return (vec![failed(name, error.to_string(), advice)], false);
        }
    };
    let settings: Vec<_> = data.into_values().flatten().collect();
    let defaults = Figment::from(Serialized::defaults(Config::default()));
    let known: Vec<String> = defaults
        .data()
        .map(|data| data.into_values().flatten().map(|(name, _)| name).collect())
        .unwrap_or_default();
    let mut findings = Vec::new();
    let count = settings.len();
    for (setting, value) in settings {
        let place = format!("{name}: {setting}");
        if !known.contains(&setting) {
            let advice = format!("remove it{}", meant(&setting, known.iter()));
            findings.push(failed(&place, "there is no such setting", advice));
            continue;
        }
        let one = defaults.clone().merge(Serialized::default(&setting, value));
        if let Err(error) = one.extract::<Config>() {
            let said = error.into_iter().map(|error| error.kind.to_string());
            let said: Vec<String> = said.collect();
            findings.push(failed(&place, said.join("; "), "correct the value"));
        }
    }
    let usable = findings.is_empty();
    if usable {
        let mut way = Course::default();
        match count {
            0 => way.skip("read", "none, or an empty one, in the working directory"),
            count => way.pass("read", format!("{count} settings")),
        }
        findings.push(way.finding(Part::Configuration, name, None));
    }
    (findings, usable)
}

/// Values that can be read and do not fit, as a start would find them.
fn values(config: &Config) -> Vec<Finding> {
    let again = "correct it in flags, environment or sereno.toml, and check again";
    let failed = |(name, error): (&str, anyhow::Error)| failed(name, format!("{error:#}"), again);
    let mut findings: Vec<Finding> = config.problems().into_iter().map(failed).collect();
    if let Some(remark) = config.does_nothing() {
        findings.push(doubtful("N8N_WEBHOOK_URL", remark, "set it too, or unset the others"));
    }
    if let Some(remark) = config.is_guessable() {
        let advice = "set 16 characters or more that nobody guesses, such as `openssl rand -hex 24` makes; \
                      the one that a start was given last is kept";
        findings.push(doubtful("SERENO_ADMIN_TOKEN", remark, advice));
    }
    let open = |network: &ipnet::IpNet| network.prefix_len() == 0;
    if config.private_targets().is_ok_and(|networks| networks.iter().any(open)) {
        let advice = "name the networks that are meant: now a tenant may call anything in yours";
        let name = "SERENO_ALLOW_PRIVATE_TARGETS";
        findings.push(doubtful(name, "every private address may be called", advice));
    }
    findings
}

/// What the environment says of the log and of tracing, as a start would find it.
fn beside() -> Vec<Finding> {
    let (_, mut problems) = LogSettings::read();
    problems.extend(otlp::problems());
    let again = "correct or unset it, and check again";
    let failed = |(name, error): (&str, anyhow::Error)| failed(name, format!("{error:#}"), again);
    let mut findings: Vec<Finding> = problems.into_iter().map(failed).collect();
    let remarks = otlp::remarks().into_iter();
    findings.extend(remarks.map(|(remark, advice)| doubtful("tracing", &remark, advice)));
    findings
}

/// What was likely meant by a name.
fn meant<'a>(name: &str, known: impl Iterator<Item = &'a String>) -> String {
    let like = |other: &String| strsim::jaro_winkler(name, other);
    let nearest = known.max_by(|a, b| like(a).total_cmp(&like(b)));
    match nearest.filter(|nearest| like(nearest) > ALIKE) {
        Some(nearest) => format!("; was {nearest} meant?"),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn c05_a_name_that_is_nearly_right_is_named() {
        let known: Vec<String> =
            ["SMTP_PASS", "SMTP_PORT", "SERENO_DATA"].map(str::to_owned).into();
        assert_eq!(meant("SMTP_PASSWORD", known.iter()), "; was SMTP_PASS meant?");
        assert_eq!(meant("SERENO_DTAA", known.iter()), "; was SERENO_DATA meant?");
        assert_eq!(meant("QQQQ", known.iter()), "");
    }

    #[test]
    fn c05_values_that_do_not_fit_are_all_named() {
        let config = Config {
            allow_private_targets: vec!["10.0.0.0/99".to_owned()],
            graph_url: "ftp://graph".parse().unwrap(),
            mirror: Some("mysql://x".to_owned()),
            cache_mb: 1,
            ..Config::default()
        };
        let names: Vec<String> = values(&config).into_iter().map(|found| found.name).collect();
        let wanted =
            ["cache_mb", "SERENO_ALLOW_PRIVATE_TARGETS", "SERENO_GRAPH_URL", "SERENO_MIRROR"];
        assert_eq!(names, wanted);
        assert!(values(&Config::default()).is_empty());
    }
}
