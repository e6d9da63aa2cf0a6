//! `sereno check` as its users run it, beside a server that runs, on one that does not, and through the API.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rcgen::{CertificateParams, IsCa, KeyPair, date_time_ymd};
use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

use crate::postgres::Postgres;
use crate::process::Process;
use crate::support::House;

/// What a run of the command came to.
#[derive(Debug)]
pub(crate) struct Checked {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Checked {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|_| panic!("{self:?}"))
    }

    /// The finding of this part whose name begins so.
    fn finding(&self, part: &str, name: &str) -> Value {
        let all = self.json();
        let findings = all["findings"].as_array().unwrap();
        let found = findings.iter().find(|finding| {
            finding["part"] == part && finding["name"].as_str().unwrap().starts_with(name)
        });
        found.unwrap_or_else(|| panic!("no {part} {name} in {all:#}")).clone()
    }

    /// Asserts how something is, and that a word is in what is said of it and of what to do.
    pub(crate) fn says(&self, (part, name): (&str, &str), verdict: &str, words: &[&str]) {
        let found = self.finding(part, name);
        assert_eq!(found["verdict"], verdict, "{found:#}");
        let all = found.to_string();
        for word in words {
            assert!(all.contains(word), "{word} is not in {found:#}");
        }
        let bad = ["warn", "fail"].contains(&verdict);
        assert_eq!(bad, found["advice"].is_string(), "what to do: {found:#}");
    }
}

/// Runs the command beside whatever the test has running.
pub(crate) async fn check(
    arguments: &[&str],
    environment: &[(&str, &str)],
    place: &Path,
) -> Checked {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sereno"));
    command.arg("check").args(arguments).current_dir(place);
    command.envs(environment.iter().copied());
    let run = tokio::task::spawn_blocking(move || command.output().unwrap());
    let output = run.await.unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    let code = output.status.code().unwrap();
    Checked { code, out: text(output.stdout), err: text(output.stderr) }
}

/// An address at which nobody listens.
pub(crate) fn closed() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

/// Speaks TLS with a certificate of its own for 127.0.0.1 until that year; its URL and the certificate.
async fn https(until: i32, connections: &mut JoinSet<()>) -> (String, String) {
    https_as(until, IsCa::NoCa, connections).await
}

/// The same with one that may be an authority's.
pub(crate) async fn https_as(
    until: i32,
    is_ca: IsCa,
    connections: &mut JoinSet<()>,
) -> (String, String) {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(["127.0.0.1".to_owned()]).unwrap();
    params.not_after = date_time_ymd(until, 1, 1);
    params.is_ca = is_ca;
    let own = params.self_signed(&key).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![own.der().clone()],
            PrivateKeyDer::try_from(key.serialize_der()).unwrap(),
        )
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}/hook", listener.local_addr().unwrap());
    connections.spawn(async move {
        let mut open = Vec::new();
        while let Ok((stream, _)) = listener.accept().await {
            open.push(acceptor.accept(stream).await.ok());
        }
    });
    (url, own.pem())
}

/// A mail server that lets one password in; ends with the process.
fn mail_server() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
            stream.write_all(b"220 mail\r\n").unwrap();
            while let Some(Ok(line)) = lines.next() {
                let answer = match line.split(' ').next().unwrap() {
                    "EHLO" => "250-mail\r\n250 AUTH PLAIN",
                    // \0ana\0right
                    "AUTH" if line.ends_with("AGFuYQByaWdodA==") => "235 2.7.0 welcome",
                    "AUTH" => "535 5.7.8 bad credentials",
                    "QUIT" => "221 bye",
                    _ => "502 what",
                };
                if stream.write_all(format!("{answer}\r\n").as_bytes()).is_err() {
                    break;
                }
            }
        }
    });
    address
}

fn smtp(address: SocketAddr, password: &str) -> Value {
    json!({"smtp": {"host": "127.0.0.1", "port": address.port(), "user": "ana",
        "password": password, "from": "sereno@trattoria.example"}})
}

#[tokio::test(flavor = "multi_thread")]
async fn c05_a_running_server_says_of_each_thing_outside_what_is_wrong_and_what_to_do() {
    let wide = Arc::new(AtomicBool::new(true));
    let is_wide = Arc::clone(&wide);
    let dead = format!("postgres://u:secret@{}/crm", closed());
    let house = House::with(move |config| {
        config.mirror = Some(dead.clone());
        if is_wide.load(Ordering::Relaxed) {
            config.allow_private_targets.push("10.0.0.0/8".into());
        }
    })
    .await;
    let mut connections = JoinSet::new();
    let (stranger, _) = https(2090, &mut connections).await;
    let (expired, pem) = https(2020, &mut connections).await;
    let (known, own) = https(2090, &mut connections).await;
    let _receiver = house.webhook(json!({})).await;
    for body in [
        json!({"target": format!("http://{}/path-is-secret", closed())}),
        json!({"target": stranger}),
        json!({"target": expired, "ca_certificate": pem}),
        json!({"target": known, "ca_certificate": own}),
        json!({"target": "http://10.0.0.1/x"}),
        json!({"target": "http://nowhere.invalid/x"}),
        json!({"target": "http://127.0.0.1:9/x", "enabled": false}),
    ] {
        let mut body = body;
        body["kind"] = json!("webhook");
        house.endpoint(body).await;
    }
    wide.store(false, Ordering::Relaxed);
    let house = house.restarted().await;
    let mail = mail_server();
    house.settle(smtp(mail, "wrong")).await;
    let wrong = json!({"whatsapp": {"access_token": "of-yesterday"}});
    house.api.patch("/api/v1/admin/tenants/default", &wrong).await.unwrap();
    house.endpoint(json!({"kind": "email", "target": "ana@trattoria.example"})).await;

    let data = house.data.path();
    let checked = check(&["--json", "--data", data.to_str().unwrap()], &[], data).await;
    assert_eq!((checked.code, &checked.json()["ok"]), (1, &json!(false)), "{checked:?}");
    let endpoint = |number: u32| ("endpoints", format!("default/{number} "));
    for (number, verdict, words) in [
        (1, "pass", &["webhook http://127.0.0.1", "tcp"] as &[&str]),
        (2, "fail", &["refused", "receiver runs"]),
        (3, "fail", &["vouches", "ca_certificate"]),
        (4, "fail", &["expired", "renew"]),
        (5, "pass", &["until 2090-01-01", "days left"]),
        (6, "fail", &["10.0.0.1", "SERENO_ALLOW_PRIVATE_TARGETS"]),
        (7, "fail", &["nowhere.invalid is not found"]),
        (8, "skip", &["disabled"]),
        (9, "pass", &["…@trattoria.example", "looked at under mail"]),
    ] {
        let (part, name) = endpoint(number);
        checked.says((part, &name), verdict, words);
    }
    checked.says(("mail", "default "), "fail", &["bad credentials", "app password"]);
    checked.says(("mail", "server"), "skip", &["SMTP_HOST"]);
    checked.says(("whatsapp", "default "), "fail", &["190", "whatsapp.access_token"]);
    checked.says(("mirror", ""), "fail", &["cannot be reached", "SERENO_MIRROR"]);
    checked.says(("keys", "master.key"), "pass", &["32 bytes"]);
    checked.says(("store", "journal"), "pass", &["frames"]);
    checked.says(("store", "index"), "skip", &["a server is using it"]);
    checked.says(("clock", ""), "pass", &["zones"]);
    checked.says(("server", ""), "pass", &["are taken"]);
    for secret in ["path-is-secret", "of-yesterday", "u:secret", "wrong"] {
        assert!(!checked.out.contains(secret), "{secret} is for nobody to see: {}", checked.out);
    }
    assert!(house.mail.inbox.all().is_empty(), "no mail was sent");
    assert!(house.api.get("/api/v1/deliveries").await.unwrap()["items"] == json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn c05_where_all_is_well_everything_passes_and_a_ping_shows_the_answer() {
    let postgres = Postgres::start();
    let url = postgres.url("");
    let house = House::with(move |config| config.mirror = Some(url.clone())).await;
    postgres.eventually("SELECT count(*) FROM sereno.migrations", "2").await;
    let receiver = house.webhook(json!({})).await;
    house.settle(smtp(mail_server(), "right")).await;
    let key = house.key();
    let asked = ["--ping", "--server", &house.base, "--key", &key];
    let checked = check(&asked, &[], house.data.path()).await;
    assert_eq!(checked.code, 0, "{checked:?}");
    assert!(checked.out.contains("test answered 200") && checked.out.contains("signed in"));
    assert!(checked.out.contains("need the admin token"), "{}", checked.out);
    assert_eq!(receiver.inbox.all()[0].event_type, "test.ping");
    let none = house.api.get("/api/v1/deliveries").await.unwrap();
    assert_eq!(none["items"], json!([]), "of a ping nothing is kept");

    let data = house.data.path();
    let checked = check(&["--json", "--data", data.to_str().unwrap()], &[], data).await;
    assert_eq!((checked.code, &checked.json()["summary"]["failed"]), (0, &json!(0)), "{checked:?}");
    checked.says(("mirror", ""), "pass", &["migration 2", "rows can be written"]);
    checked.says(("whatsapp", "default "), "pass", &["La Trattoria", "GREEN"]);
    assert_eq!(receiver.inbox.all().len(), 1, "without --ping nothing is sent");

    // The API as scripts use it: bounded, refusing what it does not know, each tenant its own.
    let (status, problem) = house.raw("POST", "/api/v1/admin/check", r#"{"pong":true}"#).await;
    assert_eq!((status, &problem["field"]), (422, &json!("pong")), "{problem}");
    let (status, _) = house.raw("POST", "/api/v1/admin/check/server", "{}").await;
    assert_eq!(status, 403);
    for _ in 0..40 {
        house.endpoint(json!({"kind": "webhook", "target": receiver.url()})).await;
    }
    let page = house.api.post("/api/v1/admin/check", &json!({"after": 1})).await.unwrap();
    assert_eq!((page["findings"].as_array().unwrap().len(), &page["more_after"]), (32, &json!(33)));
    let page = house.api.post("/api/v1/admin/check", &json!({"after": 33})).await.unwrap();
    assert_eq!(
        (page["findings"].as_array().unwrap().len(), &page["more_after"]),
        (8, &json!(null))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn c05_without_a_server_data_keys_and_modes_are_looked_at_here() {
    let home = tempfile::tempdir().unwrap();
    let data = home.path().join("data");
    let server = Process::start(&data, "http://127.0.0.1:9");
    let target = format!("http://{}/x", closed());
    let body = json!({"kind": "webhook", "target": target});
    server.client(&data).post(crate::support::ENDPOINTS, &body).await.unwrap();
    server.stop();
    let place = data.to_str().unwrap();
    let listen = ["--", "--listen", "127.0.0.1:0"];
    let arguments = [&["--json", "--data", place][..], &listen].concat();
    let run =
        async |environment: &[(&str, &str)]| check(&arguments, environment, home.path()).await;

    // The server allowed private targets; as it would start now, it would not.
    let checked = run(&[]).await;
    checked.says(("endpoints", "default/1 "), "fail", &["127.0.0.1", "private or reserved"]);
    checked.says(("store", "index"), "pass", &["compared"]);
    checked.says(("store", "opened"), "pass", &["1 tenants, 1 endpoints"]);
    checked.says(("keys", "credentials's mode"), "pass", &["0600"]);
    checked.says(("mirror", ""), "skip", &["SERENO_MIRROR"]);
    let allowed = [("SERENO_ALLOW_PRIVATE_TARGETS", "127.0.0.0/8")];
    run(&allowed).await.says(("endpoints", "default/1 "), "fail", &["refused"]);

    let other = [("SERENO_MASTER_KEY", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=")];
    run(&other).await.says(("keys", "opened"), "fail", &["is not the one", "put back"]);
    run(&[("SERENO_MASTER_KEY", "short")]).await.says(("keys", "SERENO"), "fail", &["base64"]);
    let mode = |mode| fs::Permissions::from_mode(mode);
    fs::set_permissions(data.join("credentials"), mode(0o644)).unwrap();
    run(&[]).await.says(("keys", "credentials's mode"), "fail", &["chmod 600"]);
    fs::set_permissions(data.join("credentials"), mode(0o600)).unwrap();

    // Checking has changed nothing: the server starts and has what it had.
    let server = Process::start(&data, "http://127.0.0.1:9");
    let kept = server.client(&data).get(crate::support::ENDPOINTS).await.unwrap();
    assert_eq!(kept["total"], 1);
    server.stop();
    fs::remove_file(data.join("master.key")).unwrap();
    run(&[]).await.says(("keys", "master.key"), "fail", &["put it back"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn c05_settings_that_are_unknown_or_do_not_fit_are_named_with_what_was_meant() {
    let home = tempfile::tempdir().unwrap();
    let run = async |arguments: &[&str], environment: &[(&str, &str)]| {
        check(&[&["--json"], arguments].concat(), environment, home.path()).await
    };
    let free = ["--", "--listen", "127.0.0.1:0"];
    let checked = run(&free, &[]).await;
    assert_eq!(checked.code, 0, "a place where nothing is yet: {checked:?}");
    checked.says(("store", "store"), "skip", &["first start"]);
    assert!(!home.path().join("sereno-data").exists(), "nothing was made");

    let checked = run(&free, &[("SMTP_PASSWORD", "x"), ("SERENO_LISTN", "y")]).await;
    checked.says(("configuration", "environment"), "warn", &["SMTP_PASSWORD", "SERENO_LISTN"]);
    assert_eq!(checked.code, 0, "a warning is no failure");
    let checked = run(&free, &[("SMTP_PORT", "many")]).await;
    checked.says(("configuration", "flags"), "fail", &["SMTP_PORT", "many"]);
    let checked =
        run(&free, &[("SERENO_MIRROR", "mysql://u@h/d"), ("WEBHOOK_TIMEOUT", "1h")]).await;
    checked.says(("configuration", "SERENO_MIRROR"), "fail", &["postgres://"]);
    checked.says(("configuration", "WEBHOOK_TIMEOUT"), "fail", &["1h"]);

    let toml = home.path().join("sereno.toml");
    fs::write(&toml, "smtp_hots = \"x\"\ncache_mb = \"lots\"\nlisten = \"127.0.0.1:0\"\n").unwrap();
    let checked = run(&[], &[]).await;
    checked.says(("configuration", "sereno.toml: smtp_hots"), "fail", &["was smtp_host meant?"]);
    checked.says(("configuration", "sereno.toml: cache_mb"), "fail", &["lots"]);
    fs::write(&toml, "listen = \n").unwrap();
    run(&[], &[]).await.says(("configuration", "sereno.toml"), "fail", &["TOML"]);
    fs::write(&toml, "mirror_phones = true\n").unwrap();
    let holder = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = holder.local_addr().unwrap().to_string();
    let checked = run(&["--", "--listen", &taken], &[]).await;
    checked.says(("configuration", "SERENO_LISTEN"), "fail", &["in use"]);
    checked.says(("configuration", "sereno.toml"), "pass", &["1 settings"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn c05_rights_of_a_role_and_a_server_that_is_not_there() {
    let home = tempfile::tempdir().unwrap();
    let postgres = Postgres::start();
    postgres.sql("CREATE ROLE poor LOGIN PASSWORD 'secret'");
    let url = postgres.url("").replace("postgres:secret", "poor:secret");
    let run = async |mirror: &str| {
        let flags = ["--json", "--", "--listen", "127.0.0.1:0", "--mirror", mirror];
        check(&flags, &[], home.path()).await
    };
    run(&url).await.says(("mirror", ""), "fail", &["CREATE SCHEMA sereno AUTHORIZATION"]);
    postgres.sql("CREATE SCHEMA sereno");
    run(&url).await.says(("mirror", ""), "fail", &["GRANT ALL ON SCHEMA sereno"]);
    let other = postgres.url_with_password("wrong");
    run(&other).await.says(("mirror", ""), "fail", &["refuses the login"]);

    let nobody = format!("http://{}", closed());
    let checked = check(&["--server", &nobody, "--key", "k"], &[], home.path()).await;
    assert_eq!(checked.code, 2);
    assert!(checked.err.contains("sereno serve"), "{checked:?}");
    let checked = check(&["--server", &nobody], &[], home.path()).await;
    assert!(checked.code == 2 && checked.err.contains("--key"), "{checked:?}");
    let checked = check(&["--server", "nonsense", "--key", "k"], &[], home.path()).await;
    let said = "'nonsense' is no address of a server: write one such as http://";
    assert!(checked.code == 2 && checked.err.contains(said), "{checked:?}");
}
