//! Endpoints that want a client's certificate, on a real TLS server that demands one.

use std::sync::Arc;

use parking_lot::Mutex;
use rcgen::{BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{RootCertStore, ServerConfig};

use crate::support::{ENDPOINTS, House, nowhere_on_disk};

/// An authority of the test's own.
struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
    der: CertificateDer<'static>,
}

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::new([]).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap();
        let (pem, der) = (certificate.pem(), certificate.der().clone());
        Self { issuer: Issuer::new(params, key), pem, der }
    }

    fn client(&self, name: &str) -> (Value, CertificateDer<'static>) {
        let mut params = CertificateParams::new([name.to_owned()]).unwrap();
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        let pem = json!({"certificate": certificate.pem(), "key": key.serialize_pem()});
        (pem, certificate.der().clone())
    }
}

/// What came: the event's type, the client's certificate, and which connection it came over.
type Arrivals = Arc<Mutex<Vec<(String, CertificateDer<'static>, usize)>>>;

struct TlsReceiver {
    url: String,
    arrivals: Arrivals,
    _tasks: JoinSet<()>,
}

impl TlsReceiver {
    /// Takes only clients of this authority; keeps every connection open.
    async fn start(authority: &Authority) -> Self {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(["127.0.0.1".to_owned()]).unwrap();
        let own = params.signed_by(&key, &authority.issuer).unwrap();
        let mut roots = RootCertStore::empty();
        roots.add(authority.der.clone()).unwrap();
        let provider = Arc::new(aws_lc_rs::default_provider());
        let verifier =
            WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider));
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_client_cert_verifier(verifier.build().unwrap())
            .with_single_cert(
                vec![own.der().clone()],
                PrivateKeyDer::try_from(key.serialize_der()).unwrap(),
            )
            .unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("https://{}/hook", listener.local_addr().unwrap());
        let arrivals = Arrivals::default();
        let (kept, mut tasks) = (Arc::clone(&arrivals), JoinSet::new());
        tasks.spawn(async move {
            let mut connections = JoinSet::new();
            for number in 0.. {
                let (stream, _) = listener.accept().await.unwrap();
                let (acceptor, kept) = (acceptor.clone(), Arc::clone(&kept));
                connections.spawn(async move {
                    let Ok(mut stream) = acceptor.accept(stream).await else { return };
                    let peer = stream.get_ref().1.peer_certificates().unwrap()[0].clone();
                    let mut read = Vec::new();
                    while stream.read_buf(&mut read).await.is_ok_and(|count| count > 0) {
                        let text = String::from_utf8_lossy(&read);
                        // The body's last field is its timestamp, after the type.
                        let Some(at) = text.find("\"event_type\":\"") else { continue };
                        if !text.ends_with("\"}") {
                            continue;
                        }
                        let kind = text[at + 14..].split('"').next().unwrap().to_owned();
                        kept.lock().push((kind, peer.clone(), number));
                        read.clear();
                        let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
                        stream.write_all(answer).await.unwrap();
                    }
                });
            }
        });
        Self { url, arrivals, _tasks: tasks }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn f05_each_endpoint_shows_its_own_certificate_over_connections_of_its_own() {
    let house = House::new().await;
    let authority = Authority::new();
    let receiver = TlsReceiver::start(&authority).await;
    let clients = [authority.client("one"), authority.client("two")];
    for (number, (certificate, _)) in (1..).zip(&clients) {
        let made = house
            .endpoint(json!({"kind": "webhook", "target": receiver.url,
                "client_certificate": certificate, "ca_certificate": authority.pem}))
            .await;
        let shown = house.api.get(&format!("{ENDPOINTS}/{made}")).await.unwrap();
        assert_eq!((made, &shown["has_client_certificate"]), (number, &json!(true)));
        assert!(!shown.to_string().contains("PRIVATE KEY"), "{shown}");
    }
    for (round, event_type) in (1..).zip(["a.one", "a.two"]) {
        house.event(event_type, json!({})).await;
        let log = house.logged(2 * round).await;
        assert!(log.iter().all(|line| line["status"] == "sent"), "{log:#?}");
    }
    let arrivals = receiver.arrivals.lock().clone();
    assert_eq!(arrivals.len(), 4);
    for (_, der) in &clients {
        let own: Vec<_> = arrivals.iter().filter(|(_, peer, _)| peer == der).collect();
        assert_eq!(own.len(), 2, "both deliveries came under this certificate");
        assert_eq!(own[0].2, own[1].2, "over one connection, which was kept");
    }
    let house = house.restarted().await;
    house.event("a.three", json!({})).await;
    house.logged(6).await;
    assert_eq!(receiver.arrivals.lock().len(), 6);
    let key = clients[0].0["key"].as_str().unwrap();
    nowhere_on_disk(house.data.path(), key.lines().nth(1).unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn f05_without_the_certificate_or_the_authority_nothing_arrives() {
    let house = House::new().await;
    house.settle(json!({"retry": {"attempts": 1}})).await;
    let authority = Authority::new();
    let receiver = TlsReceiver::start(&authority).await;
    let (certificate, _) = authority.client("one");
    let (stranger, _) = Authority::new().client("one");
    for (more, word) in [
        (json!({"client_certificate": certificate}), "certificate"),
        (json!({"ca_certificate": authority.pem}), ""),
        (json!({"ca_certificate": authority.pem, "client_certificate": stranger}), ""),
    ] {
        let mut body = json!({"kind": "webhook", "target": receiver.url});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let id = house.endpoint(body).await;
        house.raw("POST", &format!("/api/v1/admin/notify/test/{id}"), "").await;
        let path = format!("/api/v1/admin/notify/logs?endpoint_id={id}");
        let some = |log: &Value| !log["items"].as_array().unwrap().is_empty();
        let line = house.eventually(&path, some).await["items"][0].clone();
        assert_eq!((&line["status"], &line["response_code"]), (&json!("failed"), &json!(-1)));
        let error = line["error_message"].as_str().unwrap();
        assert!(error.contains(word) && !error.is_empty(), "{error}");
    }
    assert!(receiver.arrivals.lock().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn f05_what_is_no_certificate_is_refused_by_field_and_null_takes_one_back() {
    let house = House::new().await;
    let authority = Authority::new();
    let (one, two) = (authority.client("one").0, authority.client("two").0);
    let garbage = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    let pair = |certificate: &Value, key: &Value| json!({"certificate": certificate, "key": key});
    let hook = json!({"kind": "webhook", "target": "https://127.0.0.1:9/x"});
    for (field, value, refused) in [
        ("ca_certificate", json!("nonsense"), "ca_certificate"),
        ("ca_certificate", json!(garbage), "ca_certificate"),
        (
            "ca_certificate",
            json!(format!("{}{}", authority.pem, one["key"].as_str().unwrap())),
            "ca_certificate",
        ),
        ("ca_certificate", json!("x".repeat(20_000)), "ca_certificate"),
        ("client_certificate", json!("x"), "client_certificate"),
        ("client_certificate", json!({"certificate": one["certificate"]}), "client_certificate"),
        (
            "client_certificate",
            pair(&json!("nonsense"), &one["key"]),
            "client_certificate.certificate",
        ),
        ("client_certificate", pair(&one["certificate"], &json!("x")), "client_certificate.key"),
        ("client_certificate", pair(&one["certificate"], &two["key"]), "client_certificate"),
        ("client_certificate", pair(&json!(garbage), &one["key"]), "client_certificate"),
    ] {
        let mut body = hook.clone();
        body[field] = value;
        let (status, problem) = house.raw("POST", ENDPOINTS, body.to_string()).await;
        assert_eq!((status, problem["field"].as_str()), (422, Some(refused)), "{problem}");
    }
    let mail = json!({"kind": "email", "target": "a@example.com", "client_certificate": one});
    let (status, problem) = house.raw("POST", ENDPOINTS, mail.to_string()).await;
    assert_eq!((status, problem["field"].as_str()), (422, Some("client_certificate")));

    let mut body = hook;
    body["client_certificate"] = one;
    body["ca_certificate"] = json!(authority.pem);
    let path = format!("{ENDPOINTS}/{}", house.endpoint(body).await);
    let none = json!({"client_certificate": null, "ca_certificate": null});
    let shown = house.api.patch(&path, &none).await.unwrap();
    assert_eq!(
        (&shown["has_client_certificate"], &shown["ca_certificate"]),
        (&json!(false), &Value::Null)
    );
}
