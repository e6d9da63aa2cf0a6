//! The report of a week: as data, as a page and as text, and mailed when somebody asks.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};
use sereno_actors::engine::EngineError;
use sereno_workflows::invalid::Invalid;
use sereno_workflows::locale::Locale;
use sereno_workflows::report::settings::check_readers;
use sereno_workflows::report::{self, Report, Week};
use sereno_workflows::time::Timestamp;

use super::App;
use super::accept::best;
use super::aside::aside;
use super::error::Problem;
use super::request::{Caller, JsonObject, ListQuery, nothing_else, one, take_text};
use super::trace::Traced;

/// The page holds its own styles and pictures, and may do nothing else.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; \
                      base-uri 'none'; form-action 'none'";

/// In which form a report is answered.
#[derive(Clone, Copy)]
enum Form {
    Json,
    Html,
    Text,
}

/// `GET /api/v1/reports/weekly`: the last whole week, or the one of `week` or `date`.
pub async fn show(
    State(app): State<Arc<App>>,
    caller: Caller,
    query: ListQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    query.only(&["week", "date", "format", "lang"])?;
    let form = form(&query, &headers)?;
    let locale = language("lang", query.get("lang"))?;
    let week = week_of(&app, &caller, named(query.get("week"), query.get("date"))?)?;
    let (report, schedule) = aside(caller.tenant.clone(), move || {
        let view = app.engine.view(&caller.tenant)?;
        let report = app.engine.ledger().report(&view, week, locale)?;
        let (reports, weekly) =
            (app.engine.reports(&caller.tenant)?, &view.policy.settings.reports.weekly);
        let schedule = json!({
            "enabled": weekly.is_on(),
            "due_at": reports.due.map(Timestamp::to_rfc3339),
            "last_week": reports.last.map(|week| week.to_string()),
        });
        Ok((report, schedule))
    })
    .await?;
    Ok(match form {
        Form::Json => {
            let mut shown = report::data(&report);
            shown.insert("schedule".to_owned(), schedule);
            one(Value::Object(shown)).into_response()
        }
        Form::Html => page(&report),
        Form::Text => {
            let kind = (header::CONTENT_TYPE, "text/plain; charset=utf-8");
            ([kind, (header::VARY, "accept")], report::text(&report)).into_response()
        }
    })
}

/// `POST /api/v1/reports/weekly/send` with `{to?, week?, lang?}`: mails it now, beside those of the settings.
pub async fn send(
    State(app): State<Arc<App>>,
    caller: Caller,
    Traced(trace): Traced,
    JsonObject(mut body): JsonObject,
) -> Result<(StatusCode, Json<Value>), Problem> {
    let to = take_readers(&mut body)?;
    let wanted = take_text(&mut body, "week")?.map(|text| text.parse::<Week>()).transpose();
    let wanted = wanted.map_err(|problem| Invalid::new("week", problem))?;
    let locale = language("lang", take_text(&mut body, "lang")?.as_deref())?;
    nothing_else(&body)?;
    let view = app.engine.view(&caller.tenant)?;
    let settings = &view.policy.settings;
    let to = to.unwrap_or_else(|| settings.reports.weekly.to.clone());
    if to.is_empty() {
        let problem = "say to whom, or set reports.weekly.to in the tenant's settings";
        return Err(Invalid::new("to", problem).into());
    }
    if settings.smtp.is_none() && view.server_smtp.is_none() {
        let problem = "no mail server is configured: set smtp in the tenant's settings, or SMTP_HOST \
                       for the whole server";
        return Err(EngineError::Rejected(problem.to_owned()).into());
    }
    let week = week_of(&app, &caller, wanted)?;
    let reader = Arc::clone(&app);
    let made = aside(caller.tenant.clone(), move || {
        Ok(reader.engine.ledger().report(&view, week, locale)?)
    })
    .await?;
    app.engine.send_report(&caller.tenant, to.clone(), Arc::new(made), trace).await?;
    let answer = json!({"ok": true, "week": week.to_string(), "to": to});
    Ok((StatusCode::ACCEPTED, Json(answer)))
}

/// The report as a page that needs nothing from elsewhere.
fn page(report: &Report) -> Response {
    let html = report::html(report, |chart| {
        format!("data:image/svg+xml;base64,{}", STANDARD.encode(chart.svg()))
    });
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CACHE_CONTROL, "no-store"),
        (header::VARY, "accept"),
    ];
    (headers, html).into_response()
}

fn form(query: &ListQuery, headers: &HeaderMap) -> Result<Form, Problem> {
    if let Some(named) = query.one_of("format", &["json", "html", "text"])? {
        return Ok(match named {
            "html" => Form::Html,
            "text" => Form::Text,
            _ => Form::Json,
        });
    }
    let accept = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok());
    let kinds = ["application/json", "text/html", "text/plain"];
    Ok(match best(accept.unwrap_or_default(), &kinds) {
        Some(1) => Form::Html,
        Some(2) => Form::Text,
        // Who wants none of them is told as programs are.
        _ => Form::Json,
    })
}

fn language(field: &str, text: Option<&str>) -> Result<Option<Locale>, Problem> {
    let read = text.map(|text| text.parse::<Locale>()).transpose();
    read.map_err(|problem| Invalid::new(field, problem).into())
}

/// The week that a query names.
fn named(week: Option<&str>, date: Option<&str>) -> Result<Option<Week>, Problem> {
    let (field, read) = match (week, date) {
        (Some(_), Some(_)) => {
            return Err(Invalid::new("date", "give week or date, not both").into());
        }
        (Some(text), None) => ("week", text.parse().map(Some)),
        (None, Some(text)) => ("date", Week::of_day(text).map(Some)),
        (None, None) => return Ok(None),
    };
    read.map_err(|problem| Problem::malformed(format!("{field}: {problem}")))
}

/// The week that is meant; one that has not begun is not there.
fn week_of(app: &App, caller: &Caller, named: Option<Week>) -> Result<Week, Problem> {
    let Some(week) = named else { return Ok(app.engine.week_of_report(&caller.tenant)?) };
    let view = app.engine.view(&caller.tenant)?;
    let present = Week::of(app.engine.ledger().now().timestamp(), &view.policy.zone);
    if week > present {
        let detail = format!("{week} has not begun: the present week is {present}");
        return Err(Problem::new(StatusCode::NOT_FOUND, detail));
    }
    Ok(week)
}

/// Takes the readers out of a body: one address, or a list.
fn take_readers(body: &mut Map<String, Value>) -> Result<Option<Vec<String>>, Problem> {
    let Some(value) = body.remove("to") else { return Ok(None) };
    let list = match value {
        Value::Null => return Ok(None),
        Value::String(one) => vec![Value::String(one)],
        Value::Array(list) => list,
        Value::Bool(_) | Value::Number(_) | Value::Object(_) => {
            return Err(Invalid::new("to", "must be an address, or a list of addresses").into());
        }
    };
    let mut readers = Vec::with_capacity(list.len());
    for (index, one) in list.into_iter().enumerate() {
        match one {
            Value::String(address) => readers.push(address),
            _ => return Err(Invalid::new(format!("to[{index}]"), "must be a text").into()),
        }
    }
    check_readers("to", &readers)?;
    Ok(Some(readers))
}
