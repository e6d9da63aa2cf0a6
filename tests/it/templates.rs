//! Messages in the tenant's own words, on every channel.

use serde_json::{Value, json};
use sereno::receiver::smtp::Mail;

use crate::support::{House, PATIENCE, deliveries};

const TENANT: &str = "/api/v1/admin/tenants/default";
const TEMPLATES: &str = "/api/v1/admin/templates";
const PREVIEW: &str = "/api/v1/admin/templates/preview";

fn booking() -> Value {
    json!({"reservation_id": "R-1", "date_time": "2031-01-20T20:00:00", "party_size": 4,
        "name": "Ana <b>&", "notes": "Bcc: x"})
}

#[tokio::test(flavor = "multi_thread")]
async fn f08_every_channel_speaks_in_the_tenants_own_words() {
    let house = House::new().await;
    let templates = json!({
        "reservation.created": {
            "slack": {"es": {"text": "<!here> Mesa de {{ party_size }}: {{ name }}, {{ date_time|datetime }}"}},
            "email": {"es": {
                "subject": "Mesa para {{ name }}\r\nBcc: all@example.com",
                "text": "{{ name }} viene el {{ date_time|date }} a las {{ date_time|time }}.",
                "html": "<p>{{ name }}</p>"}},
            "whatsapp": {"es": {"text": "Nueva mesa: {{ name }}{{ missing }}"}},
        },
        "order.paid": {"email": {"es": {"text": "Pagado"}}},
        "reservation.*": {"slack": {"es": {"text": "Algo pasó: {{ title }}"}}},
    });
    house.settle(json!({"templates": templates})).await;
    house.endpoint(json!({"kind": "slack", "target": house.slack.url()})).await;
    house.endpoint(json!({"kind": "email", "target": "chef@trattoria.example"})).await;
    house.endpoint(json!({"kind": "whatsapp", "target": "+34600000009"})).await;
    let hook = house.webhook(json!({})).await;
    let house = house.restarted().await;
    let slack = house.slack.url();
    house.api.patch("/api/v1/admin/notify/endpoints/1", &json!({"target": slack})).await.unwrap();
    house.settle(json!({})).await;
    house.event("reservation.created", booking()).await;
    let all = house.slack.inbox.wait(PATIENCE, |all| !all.is_empty()).await.unwrap();
    let text = "<!here> Mesa de 4: Ana &lt;b&gt;&amp;, lunes 20 de enero, 20:00";
    assert_eq!(all[0]["text"], text);
    assert_eq!(all[0]["blocks"][0]["text"]["text"], text);
    let mails = house.mail.inbox.wait(PATIENCE, |all| !all.is_empty()).await.unwrap();
    assert_eq!(mails[0].subject(), "Mesa para Ana <b>& Bcc: all@example.com");
    assert!(mails[0].text().contains("Ana <b>& viene el lunes 20 de enero a las 20:00."));
    assert!(mails[0].content.contains("<p>Ana &lt;b&gt;&amp;</p>"), "{}", mails[0].content);
    assert_eq!(house.told(1).await[0].text, "Nueva mesa: Ana <b>&");
    let body = deliveries(&hook, &["reservation.created"]).await.remove(0).json();
    assert_eq!(body["data"]["name"], "Ana <b>&", "webhooks carry the event itself");
    house.event("reservation.cancelled", json!({"reservation_id": "R-1"})).await;
    let all = house.slack.inbox.wait(PATIENCE, |all| all.len() == 2).await.unwrap();
    assert_eq!(all[1]["text"], "Algo pasó: Reserva cancelada");
    house.event("order.paid", json!({})).await;
    let paid = |all: &[Mail]| all.iter().any(|mail| mail.subject() == "order.paid");
    let mails = house.mail.inbox.wait(PATIENCE, paid).await.unwrap();
    let paid = mails.iter().find(|mail| mail.subject() == "order.paid").unwrap();
    assert!(paid.text().contains("Pagado") && !paid.content.contains("multipart"), "text alone");
}

#[tokio::test(flavor = "multi_thread")]
async fn f08_customers_are_told_in_their_language_and_in_the_tenants_words() {
    let house = House::new().await;
    let text = |text: &str| json!({"text": text});
    house
        .settle(json!({"reminders": ["4s", "2s"], "no_show_after": "1h", "templates": {
            "*": {"whatsapp": {"es": text("for the kitchen")}},
            "reminder.4s": {"whatsapp": {
                "es": text("¡{{ name }}! Mesa a las {{ date_time|time }}. ¿1 o 2?"),
                "pt": text("{{ name }}, mesa para {{ party_size }}. 1 ou 2?")}},
            "reply.confirmed": {"whatsapp": {"es": text("¡Hasta pronto, {{ name }}!")}},
        }}))
        .await;
    let moment = crate::support::moment(5_000);
    let data = json!({"reservation_id": "R-1", "date_time": moment, "name": "Ana",
        "wa_number": "+34600000001", "party_size": 2, "locale": "pt-BR"});
    house.event("reservation.created", data).await;
    let told = house.told(1).await;
    assert_eq!(told[0].text, "Ana, mesa para 2. 1 ou 2?");
    assert_eq!(told[0].buttons, ["confirm:R-1", "cancel:R-1"]);
    house.phone("34600000001").say(&house.api.http, "1").await.unwrap();
    let told = house.told(2).await;
    assert_eq!(
        told[1].text, "¡Hasta pronto, Ana!",
        "the tenant's language where theirs is not there"
    );
    let lines = house.logged(2).await;
    let said = |line: &Value| line["payload_snippet"].as_str().unwrap_or_default().to_owned();
    assert!(lines.iter().any(|line| said(line).contains("mesa para 2")), "{lines:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn f08_a_template_that_fails_costs_no_message_and_the_log_says_so() {
    let house = House::new().await;
    let harm = "{% for a in list %}{% for b in list %}{% for c in list %}{% endfor %}{% endfor %}\
        {% endfor %}x";
    house.settle(json!({"templates": {"a.b": {"slack": {"es": {"text": harm}}}}})).await;
    house.endpoint(json!({"kind": "slack", "target": house.slack.url()})).await;
    let list: Vec<u32> = (0..500).collect();
    house.event("a.b", json!({"list": list})).await;
    let all = house.slack.inbox.wait(PATIENCE, |all| !all.is_empty()).await.unwrap();
    assert_eq!(all[0]["text"], "a.b", "the built-in words");
    let lines = house.logged(1).await;
    assert_eq!(lines[0]["status"], "sent");
    let error = lines[0]["error_message"].as_str().unwrap();
    assert!(error.contains("a.b.slack.es.text") && error.contains("steps"), "{error}");
    let shown = house.api.get("/api/v1/events").await.unwrap();
    let id = shown["items"][0]["event_id"].as_str().unwrap().to_owned();
    let shown = house.api.get(&format!("/api/v1/events/{id}")).await.unwrap();
    assert_eq!(shown["deliveries"][0]["status"], "sent");
    assert_eq!(shown["deliveries"][0]["error_message"], *error);
}

#[tokio::test(flavor = "multi_thread")]
async fn f08_what_is_no_template_is_refused_when_it_is_saved_and_changes_nothing() {
    let house = House::new().await;
    let saved = json!({"templates": {"a.b": {"slack": {"es": {"text": "well {{ name }}"}}}}});
    house.api.patch(TENANT, &saved).await.unwrap();
    for (patch, said) in [
        (json!({"a.b": {"slack": {"es": {"text": "x\n{{ name"}}}}), "a.b.slack.es.text: line 2"),
        (json!({"a.b": {"webhook": {"es": {"text": "x"}}}}), "templates.a.b.webhook"),
        (json!({"a.b": {"slack": {"fr": {"text": "x"}}}}), "templates.a.b.slack.fr"),
        (json!({"a.b": {"slack": {"es": {"text": "x", "subject": "y"}}}}), "slack.es.subject"),
    ] {
        let error = house.api.patch(TENANT, &json!({"templates": patch})).await.unwrap_err();
        assert!(error.to_string().contains(said), "{error}");
    }
    let refused = json!({"id": "other", "settings": {"templates": {"a.b": {"slack": {"es":
        {"text": "{{"}}}}}});
    let error = house.admin.post("/api/v1/admin/tenants", &refused).await.unwrap_err();
    assert!(error.to_string().contains("templates.a.b.slack.es.text"), "{error}");
    let shown = house.api.get(TENANT).await.unwrap();
    assert_eq!(shown["settings"]["templates"], saved["templates"]);
    let gone = json!({"templates": {"a.b": null}});
    let shown = house.api.patch(TENANT, &gone).await.unwrap();
    assert_eq!(shown["settings"]["templates"], json!(null));
}

#[tokio::test(flavor = "multi_thread")]
async fn f08_a_preview_shows_what_would_be_sent() {
    let house = House::new().await;
    let saved = json!({"timezone": "Europe/Madrid", "templates": {
        "order.paid": {"email": {"en": {"text": "Paid {{ total|money('EUR') }} {{ who.name }}"}}}}});
    house.api.patch(TENANT, &saved).await.unwrap();
    let preview = async |body: Value| house.api.post(PREVIEW, &body).await.unwrap();

    let own = json!({"event_type": "order.paid", "channel": "email", "locale": "en",
        "data": {"total": 12.5}});
    let own = preview(own).await;
    assert_eq!((&own["from"], &own["subject"]), (&json!("tenant"), &json!("order.paid")));
    assert_eq!(own["text"], "Paid 12.50\u{a0}EUR");
    assert_eq!((&own["missing"], own.get("html")), (&json!(["who.name"]), None));

    let built_in = json!({"event_type": "reservation.created", "channel": "slack", "locale": "pt"});
    let built_in = preview(built_in).await;
    assert_eq!(built_in["text"], "Nova reserva · Ana");
    assert_eq!((&built_in["from"], &built_in["missing"]), (&json!("built-in"), &json!([])));
    assert_eq!(built_in["blocks"][0]["type"], "header");

    let unsaved = json!({"event_type": "reminder.24h", "channel": "whatsapp", "locale": "en",
        "template": {"text": "{{ name }}, {{ date_time|datetime }}, {{ wa_number_hash }}"},
        "data": {"name": "Ana", "date_time": "2031-01-20T20:00", "wa_number": "+34600000001"}});
    let unsaved = preview(unsaved).await;
    let text = unsaved["text"].as_str().unwrap();
    assert!(text.starts_with("Ana, Monday 20 January, 20:00, "), "{text}");
    assert!(!text.contains("34600000001") && !text.ends_with(' '), "{text}");

    let theirs = |locale: Value| {
        json!({"event_type": "reminder.24h", "channel": "whatsapp", "locale": locale,
            "template": {"text": "{{ date_time|datetime }} {{ locale }}"},
            "data": {"date_time": "2031-01-20T20:00", "locale": "pt-BR"}})
    };
    let spoken = preview(theirs(json!(null))).await;
    assert_eq!(spoken["text"], "segunda 20 de janeiro, 20:00 pt", "the customer's own");
    let spoken = preview(theirs(json!("en"))).await;
    assert_eq!(spoken["text"], "Monday 20 January, 20:00 en", "as it was asked for");

    let built_in = json!({"event_type": "reply.cancelled", "channel": "whatsapp"});
    assert!(preview(built_in).await["text"].as_str().unwrap().contains("Cancelada"));
    let failing =
        json!({"event_type": "a.b", "channel": "slack", "template": {"text": "{{ gone }}"}});
    let failing = preview(failing).await;
    assert_eq!((&failing["from"], &failing["missing"]), (&json!("built-in"), &json!(["gone"])));
    assert!(failing["error"].as_str().unwrap().contains("nothing"), "{failing}");

    for (body, field) in [
        (json!({"event_type": "a b", "channel": "slack"}), "event_type"),
        (json!({"event_type": "a.b", "channel": "sms"}), "channel"),
        (json!({"event_type": "reminder.24h", "channel": "slack"}), "channel"),
        (json!({"event_type": "a.b", "channel": "slack", "colour": 1}), "colour"),
        (
            json!({"event_type": "a.b", "channel": "slack", "template": {"text": "{{ x"}}),
            "template.text",
        ),
        (
            json!({"event_type": "reminder.24h", "channel": "whatsapp", "data": {"date_time": "x"}}),
            "data.date_time",
        ),
    ] {
        let (status, answer) = house.raw("POST", PREVIEW, body.to_string()).await;
        assert_eq!((status, &answer["field"]), (422, &json!(field)), "{body} -> {answer}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn f08_the_list_has_the_tenants_templates_and_the_built_in_words() {
    let house = House::new().await;
    let own = json!({"a.b": {"slack": {"es": {"text": "mine"}}}});
    house.api.patch(TENANT, &json!({"templates": own})).await.unwrap();
    let first = house.api.get(&format!("{TEMPLATES}?limit=3")).await.unwrap();
    assert_eq!(first["items"][0]["template"], json!({"text": "mine"}));
    assert_eq!(first["items"][0]["from"], "tenant");
    assert_eq!(first["items"][1]["from"], "built-in");
    let mut count = 3;
    let mut cursor = first["next_cursor"].clone();
    while let Some(next) = cursor.as_str() {
        let page = format!("{TEMPLATES}?limit=300&cursor={next}");
        let page = house.api.get(&page).await.unwrap();
        count += page["items"].as_array().unwrap().len();
        cursor = page["next_cursor"].clone();
    }
    assert_eq!(first["total"], count);
    let all = house.admin.get("/api/v1/admin/tenants").await.unwrap();
    assert_eq!(all["items"][0]["settings"].get("templates"), None, "shown one by one");
    let query = "?event_type=reminder.2h&locale=en";
    let reminder = house.api.get(&format!("{TEMPLATES}{query}")).await.unwrap();
    assert_eq!(reminder["total"], 1);
    let text = reminder["items"][0]["example"]["text"].as_str().unwrap();
    assert!(text.starts_with("Your booking at La Trattoria is at 19:00."), "{text}");
    let (status, answer) = house.raw("GET", &format!("{TEMPLATES}?channel=sms"), "").await;
    assert_eq!((status, &answer["field"]), (422, &json!("channel")));
}
