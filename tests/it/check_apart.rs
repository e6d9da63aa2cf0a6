//! `sereno check` where it cannot look, and where what it sees has no name of its own.

use rcgen::{BasicConstraints, IsCa};
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
    let key = house.key();
    let asked = ["--json", "--ping", "--server", &house.base, "--key", &key];
    let checked = check(&asked, &[], house.data.path()).await;
    let words = ["CA:TRUE", "CA:FALSE", "ca_certificate"];
    checked.says(("endpoints", "default/1 "), "fail", &words);
    assert!(!checked.out.contains("CaUsedAsEndEntity"), "{}", checked.out);
    let words = ["the token endpoint: no connection", "auth.token_url", "was not asked"];
    checked.says(("endpoints", "default/2 "), "fail", &words);
    assert!(receiver.inbox.all().is_empty());
}
