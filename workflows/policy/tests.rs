//! Settings that fit, and those that do not.

use super::*;
use serde_json::json;

fn patched(patch: Value) -> Result<Settings, Invalid> {
    Settings::default().patched(patch.as_object().unwrap().clone())
}

#[test]
fn a_patch_changes_what_it_names_and_null_brings_the_default_back() {
    let short = patched(json!({"reminders": ["4s", "2s"], "sla_cluster": {"count": 3}})).unwrap();
    assert_eq!(short.sla_cluster, SlaCluster { count: 3, window: Span::minutes(15) });
    assert_eq!(short.reminders.first().map(|r| r.before), Some(Span::seconds(4)));
    let back = json!({"reminders": null}).as_object().unwrap().clone();
    assert_eq!(short.patched(back).unwrap().reminders, Settings::default().reminders);
}

#[test]
fn what_does_not_fit_is_named() {
    for (patch, field) in [
        (json!({"timezone": "Mars/Olympus"}), "timezone"),
        (json!({"reminders": ["24h", "soon"]}), "reminders[1]"),
        (json!({"reminders": ["24h", "1440m"]}), "reminders[1]"),
        (json!({"no_show_after": 900}), "no_show_after"),
        (json!({"locale": "fr"}), "locale"),
        (json!({"colour": "red"}), "colour"),
        (json!({"sla_cluster": {"count": 0}}), "sla_cluster.count"),
        (json!({"smtp": {"host": "a b"}}), "smtp.host"),
        (json!({"whatsapp": {"phone_number_id": "../x"}}), "whatsapp.phone_number_id"),
        (json!({"retry": {"attempts": 0}}), "retry.attempts"),
        (json!({"sla_cluster": []}), "sla_cluster"),
        (json!({"retention": {"events": "0s"}}), "retention.events"),
        (json!({"retention": {"inbound": 7}}), "retention.inbound"),
        (json!({"limits": {"deliveries_per_minute": -1}}), "limits.deliveries_per_minute"),
        (json!({"disable_after": "0s"}), "disable_after"),
        (json!({"templates": []}), "templates"),
        (json!({"templates": {"a.b": {"sms": {}}}}), "templates.a.b.sms"),
        (json!({"catalogue": {"enforce": "perhaps"}}), "catalogue.enforce"),
        (json!({"event_types": {}}), "event_types"),
        (json!({"dead_letters": {"keep": "0s"}}), "dead_letters.keep"),
        (json!({"dead_letters": {"alert_count": -1}}), "dead_letters.alert_count"),
        (json!({"timeout": "500ms"}), "timeout"),
        (json!({"timeout": "61s"}), "timeout"),
        (json!({"secret_max_age": "soon"}), "secret_max_age"),
        (json!({"secrets": {"lower": "x"}}), "secrets.lower"),
        (json!({"secrets": {"A": 7}}), "secrets.A"),
        (json!({"secrets": {"A": "a\nb"}}), "secrets.A"),
        (json!({"secrets": "x"}), "secrets"),
        (json!({"secrets": ["A"]}), "secrets"),
    ] {
        let error = patched(patch.clone()).unwrap_err();
        assert_eq!(error.field, field, "{patch} -> {error}");
    }
}

#[test]
fn mail_settings_go_by_their_other_names_too() {
    let smtp = json!({"smtp": {"host": "h", "username": "u", "pass": "one"}});
    let settings = patched(smtp).unwrap();
    let changed = json!({"smtp": {"pass": "two"}}).as_object().unwrap().clone();
    let smtp = settings.patched(changed).unwrap().smtp.unwrap();
    assert_eq!((smtp.user.as_deref(), smtp.password.as_deref()), (Some("u"), Some("two")));
}

#[test]
fn secrets_are_not_shown() {
    let secret = json!({"whatsapp": {"phone_number_id": "1", "access_token": "SECRET",
        "app_secret": "SECRET", "verify_token": "SECRET"},
        "smtp": {"host": "h", "password": "SECRET"}, "secrets": {"B": "SECRET", "A": "SECRET"}});
    let settings = patched(secret).unwrap();
    assert_eq!(settings.shown().get("secrets"), Some(&json!(["A", "B"])));
    assert!(!settings.shown().to_string().contains("SECRET"));
    let again = settings.patched(settings.shown().as_object().unwrap().clone()).unwrap();
    assert_eq!(again, settings, "what is shown can be sent back without losing a secret");
}
