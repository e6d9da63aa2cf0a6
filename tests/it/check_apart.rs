//! `sereno check` where it cannot look, and where what it sees has no name of its own.

use rcgen::{BasicConstraints, CertificateParams, IsCa, KeyPair, date_time_ymd};
use serde_json::json;
use tokio::task::JoinSet;

use crate::check::{check, closed, https_as};
use crate::support::House;

#[tokio::test(flavor = "multi_thread")]
async fn c05_what_cannot_be_looked_at_is_json_too_where_that_is_asked_for() {
    let home = tempfile::tempdir().unwrap();
    let house = House::new().await;
    let nobody = format!("http://{}", closed());
    let none = home.path().join("none");
    for (arguments, said) in [
        (&["--server", &*nobody, "--key", "k"] as &[&str], "sereno serve"),
        (&["--server", "nonsense", "--key", "k"], "'nonsense' is no address"),
        (&["--server", &*house.base, "--key", "wrong"], "401"),
        (&["--server", &*nobody], "--key"),
        (&["--store", "--data", none.to_str().unwrap()], ""),
    ] {
        let checked = check(&[arguments, &["--json"]].concat(), &[], home.path()).await;
        assert_eq!(checked.code, 2, "{checked:?}");
        let told = checked.json();
        assert_eq!((&told["ok"], &told["findings"]), (&json!(false), &json!([])), "{told}");
        let error = told["error"].as_str().unwrap();
        assert!(error.contains(said) && checked.err.contains(error), "{checked:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn c05_an_authoritys_certificate_and_a_dead_token_endpoint_are_named_with_what_to_do() {
    let house = House::new().await;
    let mut connections = JoinSet::new();
    let is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let (target, own) = https_as(2090, is_ca, &mut connections).await;
    house.endpoint(json!({"kind": "webhook", "target": target, "ca_certificate": own})).await;
    let token_url = format!("http://{}/token", closed());
    let auth =
        json!({"kind": "oauth2", "token_url": token_url, "client_id": "a", "client_secret": "b"});
    let receiver = house.webhook(json!({"auth": auth})).await;
    let auth = json!({"kind": "oauth2", "token_url": "https://nowhere.invalid/token",
        "client_id": "a", "client_secret": "b"});
    let _nameless = house.webhook(json!({"auth": auth})).await;
    let key = house.key();
    let asked = ["--json", "--server", &house.base, "--key", &key];
    for more in [&[] as &[&str], &["--ping"]] {
        let checked = check(&[&asked[..], more].concat(), &[], house.data.path()).await;
        let words = ["tcp", "token tcp", "auth.token_url", "no firewall"];
        checked.says(("endpoints", "default/2 "), "fail", &words);
        let words = ["token dns nowhere.invalid is not found", "auth.token_url"];
        checked.says(("endpoints", "default/3 "), "fail", &words);
    }
    let checked = check(&[&asked[..], &["--ping"]].concat(), &[], house.data.path()).await;
    let words = ["CA:TRUE", "CA:FALSE", "ca_certificate"];
    checked.says(("endpoints", "default/1 "), "fail", &words);
    assert!(!checked.out.contains("CaUsedAsEndEntity"), "{}", checked.out);
    assert!(receiver.inbox.all().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn c05_the_time_of_the_certificate_that_we_show_is_looked_at_as_the_receivers_is() {
    let house = House::new().await;
    let mut connections = JoinSet::new();
    let (target, own) = https_as(2090, IsCa::ExplicitNoCa, &mut connections).await;
    let key = KeyPair::generate().unwrap();
    for (begin, end) in [(2010, 2020), (2010, 2090), (2080, 2090)] {
        let mut params = CertificateParams::new(["sereno.example".to_owned()]).unwrap();
        params.not_before = date_time_ymd(begin, 1, 1);
        params.not_after = date_time_ymd(end, 1, 1);
        let ours = params.self_signed(&key).unwrap();
        let ours = json!({"certificate": ours.pem(), "key": key.serialize_pem()});
        let endpoint = json!({"kind": "webhook", "target": target, "ca_certificate": own,
            "client_certificate": ours});
        house.endpoint(endpoint).await;
    }
    let tenant = house.key();
    let asked = ["--json", "--server", &house.base, "--key", &tenant];
    let checked = check(&asked, &[], house.data.path()).await;
    let words =
        ["client_certificate expired on 2020-01-01", "set the endpoint's client_certificate"];
    checked.says(("endpoints", "default/1 "), "fail", &words);
    let words = ["client_certificate until 2090-01-01", "· certificate until 2090-01-01"];
    checked.says(("endpoints", "default/2 "), "pass", &words);
    let words = ["client_certificate good only from 2080-01-01"];
    checked.says(("endpoints", "default/3 "), "fail", &words);
}
