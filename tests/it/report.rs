//! The weekly report: true to what happened, by mail with its charts, as a page and as data, in every language.

use mail_parser::{Message, MessageParser, MimeHeaders as _, PartType};
use serde_json::{Value, json};
use sereno::receiver::smtp::Mail;
use sereno_workflows::report::Week;
use sereno_workflows::time::{self, Timestamp};

use crate::support::{House, PATIENCE, deliveries, moment};

const REPORT: &str = "/api/v1/reports/weekly";
const SEND: &str = "/api/v1/reports/weekly/send";
const TENANT: &str = "/api/v1/admin/tenants/default";

/// A few of everything that a report counts.
async fn traffic(house: &House) {
    let broken =
        house.webhook(json!({"filters": {"events": ["client.*"]}, "retry": {"attempts": 1}}));
    broken.await.behave(|behaviour| behaviour.fail_rate = 1.0);
    let works = house.webhook(json!({"filters": {"events": ["client.*", "reservation.*"]}})).await;
    for number in 0..6 {
        house.event("client.created", json!({"id": number})).await;
    }
    for number in 0..4 {
        house.book(&format!("R-{number}"), &format!("3460000000{number}"), 90_000_000).await;
    }
    house.event("reservation.confirmed", json!({"reservation_id": "R-0"})).await;
    house.event("reservation.cancelled", json!({"reservation_id": "R-1"})).await;
    house.event("conversation.started", json!({"conversation_id": "c-1"})).await;
    let received = json!({"conversation_id": "c-1", "text": "hola"});
    house.event("conversation.message.received", received).await;
    let sent = json!({"conversation_id": "c-1", "text": "buenas"});
    house.event("conversation.message.sent", sent).await;
    works.inbox.wait(PATIENCE, |all| all.len() == 12).await.unwrap();
    house
        .eventually("/api/v1/stats?window=1h", |stats| {
            let counted = &stats["windows"]["1h"]["deliveries"];
            counted["sent"] == 12 && counted["dead_letters"] == 6
        })
        .await;
}

async fn mails(house: &House, count: usize) -> Vec<Mail> {
    house.mail.inbox.wait(PATIENCE, |all| all.len() >= count).await.unwrap()
}

/// The parts of one multipart, by their content types.
fn kinds(mail: &Message<'_>, part: u32) -> Vec<(u32, String)> {
    let PartType::Multipart(parts) = &mail.parts[part as usize].body else { return Vec::new() };
    let kind = |id: &u32| {
        let kind = mail.parts[*id as usize].content_type().unwrap();
        (*id, format!("{}/{}", kind.ctype(), kind.subtype().unwrap_or_default()))
    };
    parts.iter().map(kind).collect()
}

/// Width and height of a PNG, and how many of its pixels are seen.
fn drawn(bytes: &[u8]) -> (u32, u32, usize) {
    let mut decoder = png::Decoder::new(std::io::Cursor::new(bytes));
    decoder.set_transformations(png::Transformations::EXPAND | png::Transformations::ALPHA);
    let mut reader = decoder.read_info().unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut pixels).unwrap();
    let seen = pixels[..info.buffer_size()].chunks(4).filter(|pixel| pixel[3] > 0).count();
    (info.width, info.height, seen)
}

#[tokio::test(flavor = "multi_thread")]
async fn c04_the_figures_are_those_of_what_happened() {
    let house = House::new().await;
    house.settle(json!({})).await;
    traffic(&house).await;
    // The tenant is younger than the last whole week: without one, the present week is meant.
    let report = house.api.get(REPORT).await.unwrap();
    let zone = time::zone("Europe/Madrid").unwrap();
    let now = Timestamp::from_rfc3339(&moment(0)).unwrap();
    let (week, today) = (Week::of(now, &zone), now.wall(&zone).date());
    assert_eq!((&report["week"], &report["complete"]), (&json!(week.to_string()), &json!(false)));
    assert_eq!(report["from"], week.begins(&zone).to_rfc3339());
    assert_eq!(report["to"], week.ends(&zone).to_rfc3339());
    let totals = &report["totals"];
    for (name, count) in [
        ("reservations_created", 4),
        ("reservations_confirmed", 1),
        ("reservations_cancelled", 1),
        ("conversations_started", 1),
        ("messages_received", 1),
        ("messages_sent", 1),
        ("dead_letters", 6),
    ] {
        assert_eq!(totals[name], count, "{name} in {totals}");
    }
    let attempts = &totals["deliveries"];
    assert_eq!((&attempts["sent"], &attempts["failed"]), (&json!(12), &json!(6)), "{attempts}");
    assert_eq!(attempts["success_rate"], 0.6667);
    assert_eq!(totals["ai_response_time"]["count"], 1);
    let stats = house.api.get("/api/v1/stats?window=1d").await.unwrap();
    assert_eq!(totals["events"], stats["windows"]["1d"]["events"]);
    let day = report["days"].as_array().unwrap().iter();
    let day = day.clone().find(|day| day["date"] == today.to_string()).unwrap();
    assert_eq!((&day["events"], &day["reservations_created"]), (&totals["events"], &json!(4)));
    assert_eq!(day["by_type"]["client.created"], 6);
    assert_eq!(report["top_events"][0]["event_type"], "client.created");
    let failing = report["failing_endpoints"][0].clone();
    assert_eq!((&failing["endpoint_id"], &failing["failed"]), (&json!(1), &json!(6)));
    assert_eq!((&failing["kind"], &failing["host"]), (&json!("webhook"), &json!("127.0.0.1")));
    assert_eq!(report["causes"][0]["count"], 6, "{}", report["causes"]);
    assert_eq!(report["attention"][0]["code"], "dead_letters");
    assert_eq!((&report["week_before"], &report["coverage"]), (&Value::Null, &json!("partial")));
    // The same by its number and by a day of it.
    for query in [format!("week={week}"), format!("date={today}")] {
        let same = house.api.get(&format!("{REPORT}?{query}")).await.unwrap();
        assert_eq!((&same["week"], &same["totals"]), (&report["week"], &report["totals"]));
    }
    // A week past: nothing is known of it, and that is said.
    let past = house.api.get(&format!("{REPORT}?week=2020-W10&lang=en")).await.unwrap();
    assert_eq!((&past["coverage"], &past["complete"]), (&json!("none"), &json!(true)));
    assert_eq!(past["notes"][0]["code"], "nothing_counted");
    assert!(past["notes"][0]["sentence"].as_str().unwrap().starts_with("There are no figures"));
}

#[tokio::test(flavor = "multi_thread")]
async fn c04_it_is_mailed_as_text_and_as_html_with_its_charts_inside() {
    let house = House::new().await;
    let readers = json!(["manager@trattoria.example", "owner@trattoria.example"]);
    house.settle(json!({"reports": {"weekly": {"to": readers}}})).await;
    traffic(&house).await;
    let (status, answer) = house.raw("POST", SEND, "").await;
    assert_eq!((status, &answer["to"]), (202, &readers), "{answer}");
    let mails = mails(&house, 2).await;
    let mut to: Vec<_> = mails.iter().flat_map(|mail| mail.to.clone()).collect();
    to.sort();
    assert_eq!(json!(to), readers);
    let mail = MessageParser::default().parse(mails[0].content.as_bytes()).unwrap();
    let week = answer["week"].as_str().unwrap();
    assert_eq!(mail.subject(), Some(&*format!("Informe semanal {week} (hasta ahora) · Default")));
    assert!(mail.message_id().unwrap().ends_with("@trattoria.example"));
    let top = mail.parts[0].content_type().unwrap();
    assert_eq!((top.ctype(), top.subtype()), ("multipart", Some("alternative")));
    let [(_, text), (related, both)] = &kinds(&mail, 0)[..] else {
        panic!("{:?}", kinds(&mail, 0))
    };
    assert_eq!((text.as_str(), both.as_str()), ("text/plain", "multipart/related"));
    let inside = kinds(&mail, *related);
    assert_eq!(inside[0].1, "text/html");
    let (text, html) = (mail.body_text(0).unwrap(), mail.body_html(0).unwrap());
    let pictures = &inside[1..];
    assert_eq!(pictures.len(), html.matches("<img ").count());
    assert!(pictures.len() >= 3, "events, bookings and deliveries at least");
    for (id, kind) in pictures {
        let part = &mail.parts[*id as usize];
        assert_eq!(kind, "image/png");
        let name = part.content_id().unwrap();
        assert!(html.contains(&format!("src=\"cid:{name}\"")), "{name} is shown");
        let (width, height, seen) = drawn(part.contents());
        assert_eq!((width, height), (1_120, 280));
        // The line alone would be 1,120 × 4.
        assert!(seen > 1_120 * 4 && seen < 1_120 * 280 / 2, "{name}: {seen} pixels");
        assert!(part.contents().len() < 8_000, "{} bytes", part.contents().len());
    }
    for wanted in ["Entregas dadas por perdidas: 6", "client.created", "127.0.0.1", week] {
        assert!(text.contains(wanted) && html.contains(wanted), "{wanted} in {text}");
    }
    assert!(!html.contains("http://") && !html.contains("https://") && !html.contains("<script"));
    assert!(html.matches("alt=\"").count() == pictures.len() && !html.contains("alt=\"\""));
}

#[tokio::test(flavor = "multi_thread")]
async fn c04_a_mail_that_is_refused_goes_again_as_the_same_and_is_never_lost() {
    let house = House::new().await;
    house.settle(json!({"retry": {"first": "50ms", "attempts": 2}})).await;
    house.mail.refuse([451]);
    let body = json!({"to": "one@trattoria.example"}).to_string();
    assert_eq!(house.raw("POST", SEND, body).await.0, 202);
    let first = mails(&house, 1).await;
    let log = house.logged(2).await;
    assert_eq!(
        (&log[0]["status"], &log[1]["status"]),
        (&json!("sent"), &json!("failed")),
        "{log:?}"
    );
    let event = &house.api.get("/api/v1/events?type=report.*").await.unwrap()["items"][0];
    assert_eq!(event["event_type"], "report.weekly.requested");
    let path = format!("/api/v1/events/{}", event["event_id"].as_str().unwrap());
    let shown = house.api.get(&path).await.unwrap();
    let delivery = &shown["deliveries"][0];
    assert_eq!((&delivery["channel"], &delivery["status"]), (&json!("email"), &json!("sent")));
    let id = delivery["id"].as_str().unwrap();
    let mail = MessageParser::default().parse(first[0].content.as_bytes()).unwrap();
    assert_eq!(mail.message_id(), Some(&*format!("{id}@trattoria.example")));
    // One that is given up lies among the dead letters, and goes from there.
    house.mail.refuse([451, 451]);
    let body = json!({"to": "two@trattoria.example", "lang": "pt"}).to_string();
    assert_eq!(house.raw("POST", SEND, body).await.0, 202);
    let dead =
        house.eventually("/api/v1/dead-letters", |page| page["items"] != json!([])).await["items"]
            [0]
        .clone();
    assert_eq!(
        (&dead["channel"], &dead["event_type"]),
        (&json!("email"), &json!("report.weekly.requested"))
    );
    let again = format!("/api/v1/dead-letters/{}/retry", dead["id"].as_str().unwrap());
    assert!(house.raw("POST", &again, "").await.0 < 300);
    let all = mails(&house, 2).await;
    assert_eq!(all[1].to, ["two@trattoria.example"]);
    assert!(all[1].subject().starts_with("Relatório semanal "), "{}", all[1].subject());
}

#[tokio::test(flavor = "multi_thread")]
async fn c04_it_is_a_page_and_a_text_in_three_languages() {
    let house = House::new().await;
    traffic(&house).await;
    let get = async |path: &str, accept: &str| {
        let request = house.api.http.get(format!("{}{path}", house.base)).bearer_auth(house.key());
        let answer = request.header("accept", accept).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{path}");
        let header =
            |name: &str| answer.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
        let (kind, policy) = (header("content-type").unwrap(), header("content-security-policy"));
        (kind, policy, answer.text().await.unwrap())
    };
    for (lang, title, attention) in [
        ("es", "Informe semanal", "Qué mirar"),
        ("en", "Weekly report", "What needs attention"),
        ("pt", "Relatório semanal", "O que precisa de atenção"),
    ] {
        let browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
        let (kind, policy, page) = get(&format!("{REPORT}?lang={lang}"), browser).await;
        assert_eq!(kind, "text/html; charset=utf-8");
        assert!(policy.unwrap().contains("default-src 'none'"));
        assert!(page.contains(&format!("<html lang=\"{lang}\">")) && page.contains(title));
        assert!(page.contains(attention) && page.contains("src=\"data:image/svg+xml;base64,"));
        assert!(!page.contains("http://") && !page.contains("https://"), "nothing from elsewhere");
        let (kind, _, text) = get(&format!("{REPORT}?lang={lang}&format=text"), "*/*").await;
        assert_eq!(kind, "text/plain; charset=utf-8");
        assert!(text.starts_with(title) && text.contains("client.created"), "{text}");
    }
    let (kind, _, _) = get(&format!("{REPORT}?format=json"), "text/html").await;
    assert!(kind.starts_with("application/json"), "{kind}");
    let (_, _, page) = get("/reports/weekly", "text/html").await;
    assert!(page.contains("Informe semanal"));
}

#[tokio::test(flavor = "multi_thread")]
async fn c04_endpoints_that_want_it_get_it_too_each_in_its_own_form() {
    let house = House::new().await;
    house.settle(json!({"locale": "en"})).await;
    let filters = json!({"events": ["report.weekly.*"]});
    let webhook = house.webhook(json!({"filters": filters})).await;
    house.endpoint(json!({"kind": "slack", "target": house.slack.url(), "filters": filters})).await;
    let mailbox = json!({"kind": "email", "target": "staff@trattoria.example", "filters": filters});
    house.endpoint(mailbox).await;
    let body = json!({"to": ["manager@trattoria.example"]}).to_string();
    assert_eq!(house.raw("POST", SEND, body).await.0, 202);
    let told = deliveries(&webhook, &["report.weekly.requested"]).await;
    let data = &told[0].json()["data"];
    assert!(data["totals"]["events"].is_u64() && data["days"].as_array().unwrap().len() == 7);
    let slack = house.slack.inbox.wait(PATIENCE, |all| !all.is_empty()).await.unwrap();
    let said = format!("{:?}", slack[0]);
    assert!(said.contains("Weekly report") && said.contains("Nothing needs attention"), "{said}");
    let both = mails(&house, 2).await;
    let pictures = |mail: &Mail| mail.content.matches("image/png").count();
    assert!(both.iter().all(|mail| pictures(mail) >= 2), "an endpoint's mail has its charts too");
}

#[tokio::test(flavor = "multi_thread")]
async fn c04_its_timer_follows_the_settings_and_the_zone() {
    let house = House::new().await;
    let timers = async || {
        let page = house.api.get("/api/v1/timers?lang=en").await.unwrap();
        let items = page["items"].as_array().unwrap().clone();
        items.into_iter().filter(|item| item["kind"] == "weekly_report").collect::<Vec<_>>()
    };
    assert!(timers().await.is_empty(), "nobody gets it");
    for (zone, day, at) in [
        ("Europe/Madrid", "monday", "09:00"),
        ("America/Mexico_City", "monday", "09:00"),
        ("America/Mexico_City", "thursday", "18:30"),
    ] {
        let weekly = json!({"to": ["manager@trattoria.example"], "day": day, "at": at});
        let settings = json!({"timezone": zone, "reports": {"weekly": weekly}});
        house.api.patch(TENANT, &settings).await.unwrap();
        let set = timers().await;
        assert_eq!(set.len(), 1, "{set:?}");
        let due = Timestamp::from_rfc3339(set[0]["due_at"].as_str().unwrap()).unwrap();
        let wall = due.wall(&time::zone(zone).unwrap());
        assert_eq!(wall.strftime("%A %H:%M").to_string().to_lowercase(), format!("{day} {at}"));
        let in_ms = due.0 - Timestamp::from_rfc3339(&moment(0)).unwrap().0;
        assert!((0..=7 * 24 * 3_600_000 + 3_600_000).contains(&in_ms), "{in_ms}");
        assert_eq!(set[0]["why"]["because"], "week_ends", "{}", set[0]["why"]);
        let report = house.api.get(REPORT).await.unwrap();
        assert_eq!(report["schedule"]["due_at"], set[0]["due_at"]);
    }
    let house = house.restarted().await;
    let page = house.api.get("/api/v1/timers").await.unwrap();
    assert_eq!(page["items"].as_array().map(Vec::len), Some(1), "{page}");
    let off = json!({"reports": {"weekly": {"enabled": false}}});
    house.api.patch(TENANT, &off).await.unwrap();
    let page = house.api.get("/api/v1/timers").await.unwrap();
    assert_eq!(page["items"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn c04_what_cannot_be_meant_is_refused_with_what_would_be_right() {
    let house = House::new().await;
    for (query, status, said) in [
        ("week=47", 400, "2026-W47"),
        ("week=2025-W53", 400, "2026-W47"),
        ("week=", 400, "2026-W47"),
        ("date=yesterday", 400, "2026-11-20"),
        ("date=2026-02-30", 400, "2026-11-20"),
        ("week=2099-W01", 404, "has not begun"),
        ("date=2099-01-01", 404, "has not begun"),
        ("week=2020-W01&date=2020-01-01", 422, "not both"),
        ("format=pdf", 422, "json, html, text"),
        ("lang=fr", 422, "es, en, pt"),
        ("wekk=2020-W01", 422, "unknown parameter"),
    ] {
        let (found, problem) = house.raw("GET", &format!("{REPORT}?{query}"), "").await;
        let detail = problem["detail"].as_str().unwrap_or_default();
        assert!(found == status && detail.contains(said), "{query}: {found} {problem}");
    }
    for (body, status, said) in [
        (json!({}), 422, "reports.weekly.to"),
        (json!({"to": []}), 422, "reports.weekly.to"),
        (json!({"to": "nobody"}), 422, "email address"),
        (json!({"to": ["a@x.example", 7]}), 422, "to[1]"),
        (json!({"to": {"a": 1}}), 422, "a list"),
        (json!({"to": "a@x.example", "week": "W47"}), 422, "2026-W47"),
        (json!({"to": "a@x.example", "lang": "fr"}), 422, "es, en, pt"),
        (json!({"to": "a@x.example", "cc": "b@x.example"}), 422, "unknown field"),
        (json!({"to": "a@x.example"}), 409, "no mail server"),
    ] {
        let (found, problem) = house.raw("POST", SEND, body.to_string()).await;
        let detail = problem["detail"].as_str().unwrap_or_default();
        assert!(found == status && detail.contains(said), "{body}: {found} {problem}");
    }
    let (status, problem) = house
        .raw("PATCH", TENANT, json!({"reports": {"weekly": {"at": "25:00"}}}).to_string())
        .await;
    assert_eq!((status, &problem["field"]), (422, &json!("reports.weekly.at")), "{problem}");
    assert_eq!(house.api.get("/api/v1/events?type=report.*").await.unwrap()["items"], json!([]));
}
