//! The specification's own examples, and what it forbids.

use super::*;

const NOW: Timestamp = Timestamp(1_000);

fn minimal(more: Value) -> Value {
    let mut event = json!({"specversion": "1.0", "id": "A234-1234-1234", "source": "/mycontext",
        "type": "com.example.someevent"});
    event.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    event
}

fn binary(headers: &[(&str, &str)], kind: Option<&str>, body: &[u8]) -> Result<Event, Invalid> {
    let required = [("specversion", "1.0"), ("id", "1"), ("source", "/s"), ("type", "a.b")];
    let given = |name: &str| headers.iter().any(|(given, _)| *given == name);
    let all = required.iter().filter(|(name, _)| !given(name)).chain(headers);
    from_headers(all.map(|(name, value)| (*name, value.as_bytes())), kind, body, NOW)
}

#[test]
fn f03_the_mode_goes_by_the_content_type_then_by_the_headers() {
    let of = |kind: &str, has: bool| Mode::of(kind, |_| has);
    for (kind, has, mode) in [
        ("application/json", false, None),
        ("", false, None),
        ("application/json", true, Some(Mode::Binary)),
        ("", true, Some(Mode::Binary)),
        ("application/cloudevents+json", false, Some(Mode::Structured)),
        ("application/cloudevents+json; charset=UTF-8", true, Some(Mode::Structured)),
        ("Application/CloudEvents+JSON;charset=\"utf-8\"", false, Some(Mode::Structured)),
        ("application/cloudevents-batch+json", false, Some(Mode::Batch)),
        ("application/cloudevents-batch+json; charset=utf-8", true, Some(Mode::Batch)),
    ] {
        assert_eq!(of(kind, has), Ok(mode), "{kind}");
    }
    for kind in [
        "application/cloudevents+avro",
        "application/cloudevents",
        "application/cloudevents-batch",
        "application/cloudevents-batch+xml",
        "application/cloudevents+json; charset=utf-16",
    ] {
        assert!(of(kind, true).is_err(), "{kind}");
    }
}

#[test]
fn f03_the_examples_of_the_json_format_are_read() {
    let event = from_json(
        minimal(json!({"time": "2018-04-05T17:31:00Z", "comexampleextension1": "value",
            "comexampleothervalue": 5, "unsetextension": null, "subject": "123",
            "datacontenttype": "application/xml", "data": "<much wow=\"xml\"/>"})),
        NOW,
    )
    .unwrap();
    assert_eq!(event.event_type.as_str(), "com.example.someevent");
    assert_eq!(event.at.to_rfc3339(), "2018-04-05T17:31:00.000Z");
    assert_eq!(Value::Object(event.data.clone()), json!({"value": "<much wow=\"xml\"/>"}));
    assert_eq!(
        Value::Object(event.cloud.clone().unwrap()),
        json!({"id": "A234-1234-1234", "source": "/mycontext", "time": "2018-04-05T17:31:00Z",
            "comexampleextension1": "value", "comexampleothervalue": 5, "subject": "123",
            "datacontenttype": "application/xml", "specversion": "1.0",
            "type": "com.example.someevent"})
    );
    for (more, data) in [
        (
            json!({"data": {"appinfoA": "abc", "appinfoB": 123}}),
            json!({"appinfoA": "abc", "appinfoB": 123}),
        ),
        (json!({"data": "I'm just a string"}), json!({"value": "I'm just a string"})),
        (json!({"data": [1, 2]}), json!({"value": [1, 2]})),
        (json!({"data": 1}), json!({"value": 1})),
        (json!({"data": null}), json!({})),
        (json!({"data": null, "data_base64": null}), json!({})),
        (json!({}), json!({})),
        (
            json!({"datacontenttype": "application/vnd.apache.thrift.binary", "data_base64": "/w=="}),
            json!({"base64": "/w=="}),
        ),
        (
            json!({"datacontenttype": "application/json", "data_base64": "eyJ4IjoxfQ=="}),
            json!({"x": 1}),
        ),
        (json!({"data_base64": "eyJ4IjoxfQ=="}), json!({"x": 1})),
        (json!({"datacontenttype": "text/plain", "data_base64": "aGk="}), json!({"value": "hi"})),
    ] {
        let event = from_json(minimal(more.clone()), NOW).unwrap();
        assert_eq!((Value::Object(event.data), event.at), (data, NOW), "{more}");
    }
}

#[test]
fn f03_source_and_id_together_are_the_id() {
    let id = |source: &str, id: &str| {
        from_json(minimal(json!({"source": source, "id": id})), NOW).unwrap().id.unwrap()
    };
    assert_eq!(id("/a", "1"), id("/a", "1"));
    // printf '/a\0001' | sha256sum
    assert_eq!(id("/a", "1").as_str(), "ce_4049443298631c4b635063cba78c66ea");
    assert_ne!(id("/a", "1"), id("/b", "1"));
    assert_ne!(id("/a", "1"), id("/a", "2"));
    assert_ne!(id("/a1", "1"), id("/a", "11"));
    assert_ne!(id("/a", &"x".repeat(5_000)), id("/a", &"x".repeat(5_001)));
}

#[test]
fn f03_what_does_not_fit_is_named_by_its_attribute() {
    let deep = (0..40).fold(json!(1), |inner, _| json!([inner]));
    for (value, field) in [
        (json!([]), ""),
        (json!("x"), ""),
        (json!({}), "specversion"),
        (json!({"specversion": "1.0"}), "id"),
        (minimal(json!({"id": null})), "id"),
        (minimal(json!({"id": 5})), "id"),
        (minimal(json!({"id": ""})), "id"),
        (minimal(json!({"id": "a\u{0}b"})), "id"),
        (minimal(json!({"source": "not a uri"})), "source"),
        (minimal(json!({"type": "com/example"})), "type"),
        (minimal(json!({"type": ""})), "type"),
        (minimal(json!({"specversion": "0.3"})), "specversion"),
        (minimal(json!({"specversion": 1.0})), "specversion"),
        (minimal(json!({"time": "yesterday"})), "time"),
        (minimal(json!({"time": "2018-04-05T17:31:00"})), "time"),
        (minimal(json!({"subject": ""})), "subject"),
        (minimal(json!({"Extension": "x"})), "Extension"),
        (minimal(json!({"my-extension": "x"})), "my-extension"),
        (minimal(json!({"": "x"})), ""),
        (minimal(json!({"extension": {"a": 1}})), "extension"),
        (minimal(json!({"extension": 1.5})), "extension"),
        (minimal(json!({"data": 1, "data_base64": "AA=="})), "data_base64"),
        (minimal(json!({"data_base64": "not base64!"})), "data_base64"),
        (minimal(json!({"data_base64": 1})), "data_base64"),
        (
            minimal(json!({"datacontenttype": "application/json", "data_base64": "/w=="})),
            "data_base64",
        ),
        (minimal(json!({"data": {"a": deep.clone()}})), "data"),
        (minimal(json!({"data": deep})), "data"),
    ] {
        let error = from_json(value.clone(), NOW).unwrap_err();
        assert_eq!(error.field, field, "{value} -> {error}");
    }
}

#[test]
fn f03_headers_are_unquoted_and_percent_decoded_once() {
    let subject = |value: &str| {
        let event = binary(&[("subject", value)], None, b"")?;
        Ok::<_, Invalid>(event.cloud.unwrap().remove("subject").unwrap_or_default())
    };
    for (value, decoded) in [
        ("Euro%20%E2%82%AC%20%F0%9F%98%80", "Euro € 😀"),
        ("%e2%82%ac", "€"),
        ("%41plain", "Aplain"),
        ("%2541", "%41"),
        ("\"with \\\"quotes\\\" and \\\\ \"", "with \"quotes\" and \\ "),
        ("\"%20\"", " "),
        ("100%", "100%"),
        ("%zz%4", "%zz%4"),
        ("naïve", "naïve"),
    ] {
        assert_eq!(subject(value).unwrap(), *decoded, "{value}");
    }
    for bad in ["%C0%A0", "%ff", "%0a", "%00", ""] {
        assert_eq!(subject(bad).unwrap_err().field, "subject", "{bad}");
    }
}

#[test]
fn f03_the_body_of_the_binary_mode_is_the_data() {
    for (kind, body, data) in [
        (Some("application/json; charset=utf-8"), &b"{\"x\":1}"[..], json!({"x": 1})),
        (Some("application/vnd.shop+json"), b"[1]", json!({"value": [1]})),
        (None, b"{\"x\":1}", json!({"x": 1})),
        (None, b"\xff", json!({"base64": "/w=="})),
        (Some("text/plain"), b"hi", json!({"value": "hi"})),
        (Some("text/plain"), b"\xff", json!({"base64": "/w=="})),
        (Some("application/xml"), b"<a/>", json!({"value": "<a/>"})),
        (Some("image/png"), b"hi", json!({"base64": "aGk="})),
        (Some("application/json"), b"", json!({})),
    ] {
        let event = binary(&[], kind, body).unwrap();
        assert_eq!(Value::Object(event.data), data, "{kind:?}");
        let cloud = event.cloud.unwrap();
        assert_eq!(cloud.get("datacontenttype").and_then(Value::as_str), kind);
    }
    for (headers, kind, body, field) in [
        (&[("datacontenttype", "text/plain")][..], None, &b""[..], "ce-datacontenttype"),
        (&[("x", "1"), ("x", "2")], None, b"", "x"),
        (&[("specversion", "1.1")], None, b"", "specversion"),
        (&[("my-extension", "1")], None, b"", "my-extension"),
        (&[], Some("application/json"), b"{", "data"),
    ] {
        assert_eq!(binary(headers, kind, body).unwrap_err().field, field);
    }
    let missing = [("id", &b"1"[..]), ("specversion", b"1.0"), ("type", b"a.b")];
    let error = from_headers(missing.into_iter(), None, b"", NOW).unwrap_err();
    assert_eq!(error.field, "source");
}
