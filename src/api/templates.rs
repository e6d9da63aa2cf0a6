//! The words in which people are told, and what they come to.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde_json::{Map, Value, json};
use sereno_actors::template::preview::{self, Preview, Request};
use sereno_workflows::invalid::{must_be_objects, read};
use sereno_workflows::locale::Locale;
use sereno_workflows::template::{Channel, Place, Template};

use super::App;
use super::aside::aside;
use super::error::Problem;
use super::request::{Caller, JsonObject, ListQuery};

const LOCALES: [&str; 3] = ["es", "en", "pt"];
const CHANNELS: [&str; 3] = ["slack", "email", "whatsapp"];

/// `GET /api/v1/admin/templates`: the tenant's own with their source, then the built-in words with an
/// example; by `event_type, channel, locale, from`.
pub async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    query: ListQuery,
) -> Result<Json<Value>, Problem> {
    query.only(&["event_type", "channel", "locale", "from"])?;
    query.one_of("channel", &CHANNELS)?;
    query.one_of("locale", &LOCALES)?;
    query.one_of("from", &["tenant", "built-in"])?;
    aside(caller.tenant.clone(), move || page(&app, &caller, &query)).await
}

/// `POST /api/v1/admin/templates/preview`: `{event_type, channel, locale?, template?, data?}`.
pub async fn preview(
    State(app): State<Arc<App>>,
    caller: Caller,
    JsonObject(body): JsonObject,
) -> Result<Json<Value>, Problem> {
    must_be_objects(&body, &["template", "data"])?;
    let request: Request = read(Value::Object(body))?;
    let answer = app.engine.preview(&caller.tenant, request)?;
    Ok(Json(Value::Object(shown(answer))))
}

fn page(app: &App, caller: &Caller, query: &ListQuery) -> Result<Json<Value>, Problem> {
    let skipped: usize = match query.get("cursor") {
        None => 0,
        Some(cursor) => cursor.parse().map_err(|_| query.bad_cursor())?,
    };
    let view = app.engine.view(&caller.tenant)?;
    let is = |name: &str, value: &str| query.get(name).is_none_or(|wanted| wanted == value);
    let wanted = |event_type: &str, channel: Channel, locale: &str| {
        is("event_type", event_type) && is("channel", channel.as_str()) && is("locale", locale)
    };
    let templates = &view.policy.settings.templates;
    let own = templates.all().filter(|(place, _)| {
        is("from", "tenant") && wanted(place.pattern, place.channel, place.locale)
    });
    let built_in = preview::built_in(&view).into_iter().filter(|(name, channel, locale)| {
        is("from", "built-in") && wanted(name, *channel, locale.as_str())
    });
    let all = own.map(Listed::Own).chain(built_in.map(Listed::BuiltIn));
    let all: Vec<Listed<'_>> = all.collect();
    let rest = all.get(skipped..).unwrap_or_default();
    let items: Vec<Value> = rest
        .iter()
        .take(query.limit)
        .map(|listed| item(app, caller, listed))
        .collect::<Result<_, Problem>>()?;
    let next_cursor = (rest.len() > items.len()).then(|| (skipped + items.len()).to_string());
    let total = all.len();
    Ok(Json(json!({"ok": true, "items": items, "next_cursor": next_cursor, "total": total})))
}

/// An item of the list before it is shown.
enum Listed<'a> {
    Own((Place<'a>, &'a Template)),
    BuiltIn((String, Channel, Locale)),
}

fn item(app: &App, caller: &Caller, listed: &Listed<'_>) -> Result<Value, Problem> {
    match listed {
        Listed::Own((place, template)) => Ok(json!({
            "event_type": place.pattern,
            "channel": place.channel,
            "locale": place.locale,
            "from": "tenant",
            "template": template,
        })),
        Listed::BuiltIn((name, channel, locale)) => {
            let example =
                app.engine.built_in_words(&caller.tenant, (name.as_str(), *channel, *locale))?;
            let mut example = shown(example);
            example
                .retain(|part, _| ["subject", "text", "html", "blocks"].contains(&part.as_str()));
            Ok(json!({
                "event_type": name,
                "channel": channel,
                "locale": locale,
                "from": "built-in",
                "example": example,
            }))
        }
    }
}

fn shown(preview: Preview) -> Map<String, Value> {
    let Preview { subject, text, html, blocks, missing, own, error } = preview;
    let mut map = Map::new();
    let parts = [
        ("ok", Some(Value::from(true))),
        ("subject", subject.map(Value::from)),
        ("text", Some(Value::from(text))),
        ("html", html.map(Value::from)),
        ("blocks", blocks),
        ("missing", Some(Value::from(missing))),
        ("from", Some(Value::from(if own { "tenant" } else { "built-in" }))),
        ("error", error.map(Value::from)),
    ];
    for (name, value) in parts {
        if let Some(value) = value {
            map.insert(name.to_owned(), value);
        }
    }
    map
}
