//! Whatever `sereno serve` refuses to start with, `sereno check` fails for, and both say what to write.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::check::check;
use crate::process::Process;

/// What a server says instead of starting; one that starts is ended, and is a failure.
async fn refused(environment: &[(&str, &str)], place: &Path) -> String {
    let mut serve = Command::new("timeout");
    serve.args(["30", env!("CARGO_BIN_EXE_sereno"), "serve", "--listen", "127.0.0.1:0"]);
    serve.current_dir(place).envs(environment.iter().copied()).stdin(Stdio::null());
    let ended = tokio::task::spawn_blocking(move || serve.output().unwrap()).await.unwrap();
    assert_eq!(ended.status.code(), Some(1), "{environment:?}: {ended:?}");
    String::from_utf8(ended.stderr).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn c05_what_a_server_refuses_to_start_with_fails_the_check_in_the_same_words() {
    let key = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    for (environment, (part, name), words) in [
        (
            &[("OTEL_EXPORTER_OTLP_ENDPOINT", "nonsense")][..],
            ("configuration", "OTEL_EXPORTER_OTLP_ENDPOINT"),
            &["http://127.0.0.1:4318"][..],
        ),
        (
            &[("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "ftp://collector")],
            ("configuration", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"),
            &["write a URL"],
        ),
        (
            &[("OTEL_EXPORTER_OTLP_HEADERS", "its-own-key")],
            ("configuration", "OTEL_EXPORTER_OTLP_HEADERS"),
            &["name=value"],
        ),
        (
            &[("OTEL_EXPORTER_OTLP_TRACES_HEADERS", "x-key=its-own-key\u{1}")],
            ("configuration", "OTEL_EXPORTER_OTLP_TRACES_HEADERS"),
            &["name=value"],
        ),
        (
            &[("OTEL_EXPORTER_OTLP_PROTOCOL", "foo")],
            ("configuration", "OTEL_EXPORTER_OTLP_PROTOCOL"),
            &["'foo'", "write http/protobuf or grpc"],
        ),
        (
            &[("OTEL_EXPORTER_OTLP_COMPRESSION", "lz4")],
            ("configuration", "OTEL_EXPORTER_OTLP_COMPRESSION"),
            &["'lz4'", "write none or gzip"],
        ),
        (
            &[("OTEL_TRACES_SAMPLER", "bogus")],
            ("configuration", "OTEL_TRACES_SAMPLER"),
            &["bogus", "write always_on"],
        ),
        (
            &[("OTEL_TRACES_SAMPLER_ARG", "7")],
            ("configuration", "OTEL_TRACES_SAMPLER_ARG"),
            &["'7'", "write a share such as 0.1"],
        ),
        (
            &[("OTEL_TRACES_EXPORTER", "zipkin")],
            ("configuration", "OTEL_TRACES_EXPORTER"),
            &["write otlp or none"],
        ),
        (
            &[("OTEL_SDK_DISABLED", "yes")],
            ("configuration", "OTEL_SDK_DISABLED"),
            &["write true or false"],
        ),
        (
            &[("OTEL_EXPORTER_OTLP_TIMEOUT", "abc")],
            ("configuration", "OTEL_EXPORTER_OTLP_TIMEOUT"),
            &["'abc'", "write a whole number from 1 to 600000, such as 10000"],
        ),
        (
            &[("OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "0")],
            ("configuration", "OTEL_EXPORTER_OTLP_TRACES_TIMEOUT"),
            &["'0'", "write a whole number from 1"],
        ),
        (
            &[("OTEL_BSP_MAX_QUEUE_SIZE", "abc")],
            ("configuration", "OTEL_BSP_MAX_QUEUE_SIZE"),
            &["'abc'", "write a whole number from 1"],
        ),
        (
            &[("OTEL_BSP_SCHEDULE_DELAY", "-1")],
            ("configuration", "OTEL_BSP_SCHEDULE_DELAY"),
            &["'-1'", "write a whole number from 0"],
        ),
        (
            &[("OTEL_RESOURCE_ATTRIBUTES", "===,=")],
            ("configuration", "OTEL_RESOURCE_ATTRIBUTES"),
            &["name=value"],
        ),
        (
            &[("SERENO_LOG_FORMAT", "xml")],
            ("configuration", "SERENO_LOG_FORMAT"),
            &["xml", "write text or json"],
        ),
        (&[("RUST_LOG", "=")], ("configuration", "RUST_LOG"), &["write a level such as info"]),
        (
            &[("RUST_LOG", "info,sereno=loud")],
            ("configuration", "RUST_LOG"),
            &["sereno=loud", "sereno=debug,warn"],
        ),
        (&[("SERENO_MASTER_KEY", "")], ("keys", "SERENO_MASTER_KEY"), &["empty", "unset it"]),
        (&[("SERENO_MASTER_KEY", "short")], ("keys", "SERENO_MASTER_KEY"), &["32 bytes in base64"]),
        (
            &[("SERENO_GRAPH_URL", "ftp://graph")],
            ("configuration", "SERENO_GRAPH_URL"),
            &["http or https"],
        ),
        (
            &[("N8N_WEBHOOK_URL", "http://10.0.0.1/x")],
            ("configuration", "N8N_WEBHOOK_URL"),
            &["10.0.0.1"],
        ),
        (&[("SERENO_DATA", "a-file/data")], ("store", "data directory"), &["a-file"]),
        (&[("SERENO_CACHE_MB", "1")], ("configuration", "cache_mb"), &["cache_mb: 1"]),
        (
            &[("SERENO_MASTER_KEY", key), ("SERENO_MIRROR", "mysql://u@h/d")],
            ("configuration", "SERENO_MIRROR"),
            &["postgres://"],
        ),
    ] {
        let home = tempfile::tempdir().unwrap();
        fs::write(home.path().join("a-file"), "").unwrap();
        let said = refused(environment, home.path()).await;
        assert!(said.contains(name.trim_start_matches("data ")), "{name} is not in {said}");
        let flags = ["--json", "--", "--listen", "127.0.0.1:0"];
        let checked = check(&flags, environment, home.path()).await;
        assert_eq!(checked.code, 1, "{environment:?}: {checked:?}");
        checked.says((part, name), "fail", words);
        for word in words {
            assert!(said.contains(word), "{word} is not in {said}");
        }
        assert!(!said.contains("its-own-key") && !checked.out.contains("its-own-key"));
        assert!(!home.path().join("sereno-data/journal").exists(), "{environment:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn c05_what_is_empty_or_off_is_no_mistake_and_what_does_nothing_is_named() {
    let home = tempfile::tempdir().unwrap();
    let run = async |environment: &[(&str, &str)]| {
        let flags = ["--json", "--", "--listen", "127.0.0.1:0"];
        let checked = check(&flags, environment, home.path()).await;
        assert_eq!(checked.code, 0, "{environment:?}: {checked:?}");
        checked
    };
    for name in
        ["RUST_LOG", "SERENO_LOG_FORMAT", "OTEL_TRACES_SAMPLER", "OTEL_EXPORTER_OTLP_ENDPOINT"]
    {
        run(&[(name, "")]).await;
    }
    run(&[("OTEL_SDK_DISABLED", "true"), ("OTEL_TRACES_SAMPLER", "bogus")]).await;
    run(&[
        ("OTEL_TRACES_SAMPLER", "parentbased_traceidratio"),
        ("OTEL_TRACES_SAMPLER_ARG", "0.01"),
    ])
    .await;
    run(&[("OTEL_RESOURCE_ATTRIBUTES", "service.namespace=a b, team=x=y,")]).await;
    let batches = [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:4318"),
        ("OTEL_EXPORTER_OTLP_TIMEOUT", "2500"),
        ("OTEL_BSP_SCHEDULE_DELAY", "100"),
    ];
    run(&batches).await.says(
        ("configuration", "tracing"),
        "warn",
        &["OTEL_BSP_SCHEDULE_DELAY", "not followed", "unset it"],
    );
    let secret = [("WEBHOOK_SECRET", "a-secret-of-thirty-two-characters-or-more")];
    run(&secret).await.says(("configuration", "N8N_WEBHOOK_URL"), "warn", &["do nothing"]);
    let spoken = [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:4317"),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"),
    ];
    run(&spoken).await.says(("configuration", "tracing"), "warn", &["http/protobuf"]);
    for (name, value, said) in [
        ("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip", "uncompressed"),
        ("OTEL_EXPORTER_OTLP_CERTIFICATE", "/etc/ca.pem", "as any other server"),
        ("OTEL_PROPAGATORS", "b3", "traceparent"),
    ] {
        let set = [("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:4318"), (name, value)];
        run(&set).await.says(("configuration", "tracing"), "warn", &[name, "not followed", said]);
    }
    let usual = [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:4318"),
        ("OTEL_EXPORTER_OTLP_COMPRESSION", "none"),
        ("OTEL_PROPAGATORS", "tracecontext,baggage"),
    ];
    assert!(!run(&usual).await.out.contains("not followed"));
}

#[tokio::test(flavor = "multi_thread")]
async fn c05_an_admin_token_that_may_be_guessed_is_remarked_upon_and_not_repeated() {
    let home = tempfile::tempdir().unwrap();
    let flags = ["--json", "--", "--listen", "127.0.0.1:0"];
    let run = async |token| check(&flags, &[("SERENO_ADMIN_TOKEN", token)], home.path()).await;
    let short = run("ábcdefghijklmnz").await;
    let words = ["fewer than 16 characters", "set 16 characters or more"];
    short.says(("configuration", "SERENO_ADMIN_TOKEN"), "warn", &words);
    assert_eq!(short.code, 0, "{short:?}");
    assert!(!short.out.contains("bcdefghij"), "{short:?}");
    for token in ["", "0123456789abcdef"] {
        let checked = run(token).await;
        assert!(!checked.out.contains("fewer than 16"), "{checked:?}");
    }
    // One that a start once was given is kept, and opens as much.
    let data = home.path().join("sereno-data");
    fs::create_dir(&data).unwrap();
    fs::write(data.join("credentials"), "admin_token=bcdefghij\n").unwrap();
    let kept = run("").await;
    kept.says(("keys", "admin token"), "warn", &["fewer than 16 characters", "SERENO_ADMIN_TOKEN"]);
    assert!(!kept.out.contains("bcdefghij"), "{kept:?}");
    assert!(
        !run("0123456789abcdef").await.out.contains("fewer than 16"),
        "another takes its place"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn c05_the_disk_is_told_of_once_whoever_looks() {
    let home = tempfile::tempdir().unwrap();
    let data = home.path().join("data");
    let server = Process::start(&data, "http://127.0.0.1:9");
    let asked = ["--json", "--data", data.to_str().unwrap()];
    let disks = async || {
        let checked = check(&asked, &[], home.path()).await.json();
        let all = checked["findings"].as_array().unwrap().clone();
        all.iter().filter(|finding| finding["name"] == "disk").count()
    };
    assert_eq!(disks().await, 1, "a server uses the data");
    server.stop();
    assert_eq!(disks().await, 1);
}
