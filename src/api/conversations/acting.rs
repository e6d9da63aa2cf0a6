//! What a person may do in a conversation: reply, in their own words or as an approved template, and take it over from
//! whoever answers by itself, until they give it back.

use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse as _, Response};
use serde_json::{Map, Value, json};
use sereno_actors::engine::Action;
use sereno_actors::idempotency::Idempotency;
use sereno_actors::view::TenantView;
use sereno_workflows::conversation::{
    Conversation, PARAMETER_CHARS_MAX, PARAMETERS_MAX, TEXT_CHARS_MAX, What, Words,
};
use sereno_workflows::id::EntityKey;
use sereno_workflows::invalid::{self, Invalid};
use sereno_workflows::line::WhatsAppTemplate;
use sereno_workflows::trace::TraceContext;
use sereno_workflows::window::{Purpose, Window};
use sha2::Digest as _;

use super::{LIST, detail};
use crate::api::App;
use crate::api::aside::aside;
use crate::api::audit::Told;
use crate::api::error::Problem;
use crate::api::named::{take_by, take_name};
use crate::api::once::{once, replayed};
use crate::api::request::{
    BodyBytes, Caller, InPath, ListQuery, json_of, nothing_else, take_reason, take_text,
};
use crate::api::trace::Traced;
use crate::api::why::Reader;

/// `POST /api/v1/conversations/{id}/actions`: `{"action": "reply", "text": …}`, or `template` in its place;
/// `take_over`, `give_back`.
pub async fn act(
    State(app): State<Arc<App>>,
    caller: Caller,
    InPath(id): InPath<String>,
    (query, reader): (ListQuery, Reader),
    headers: HeaderMap,
    Traced(trace): Traced,
    BodyBytes(bytes): BodyBytes,
) -> Result<Response, Problem> {
    let Value::Object(mut body) = json_of(&bytes)? else {
        return Err(Problem::malformed("the body must be a JSON object"));
    };
    let id = app.engine.called(&caller.tenant, &id)?;
    let found = app.engine.ledger().conversation(&caller.tenant, &id)?;
    found.ok_or_else(|| Problem::not_found(LIST))?;
    let action = take_text(&mut body, "action")?;
    let action = action.ok_or_else(|| Invalid::new("action", "is missing"))?;
    take_reason(&mut body)?;
    let asked = match action.as_str() {
        "reply" => Asked::Reply(take_by(&mut body, &caller)?, take_words(&mut body)?),
        "take_over" => {
            let from = take_name(&mut body, "from")?;
            Asked::TakeOver { by: take_by(&mut body, &caller)?, from }
        }
        "give_back" => Asked::GiveBack,
        other => {
            let problem = format!("'{other}' is not reply, take_over or give_back");
            return Err(Invalid::new("action", problem).into());
        }
    };
    nothing_else(&body)?;
    let told = Told(format!("action: {action}{}", asked.told()));
    let was_done = match asked {
        Asked::Reply(by, words) => {
            let request = once(&headers, |hash| {
                hash.update(format!("conversation {id}\n"));
                hash.update(&bytes);
            })?;
            reply(&app, &caller, &id, (by, words), (request, trace)).await?
        }
        Asked::TakeOver { by, from } => {
            let what = What::TakeOver { by, from, claimed: None };
            do_so(&app, &caller, &id, what, trace).await?
        }
        Asked::GiveBack => do_so(&app, &caller, &id, What::GiveBack, trace).await?,
    };
    let tenant = caller.tenant.clone();
    let shown = aside(tenant, move || detail(&app, &caller, &id, &query, reader)).await?;
    let answer = (Extension(told), shown).into_response();
    Ok(if was_done { replayed(answer) } else { answer })
}

/// What is asked of a conversation, and by whom.
enum Asked {
    Reply(String, Words),
    TakeOver { by: String, from: Option<String> },
    GiveBack,
}

impl Asked {
    /// Who asks, and from whom it is taken.
    fn told(&self) -> String {
        match self {
            Self::Reply(by, _) | Self::TakeOver { by, from: None } => format!(", by: {by}"),
            Self::TakeOver { by, from: Some(from) } => format!(", by: {by}, from: {from}"),
            Self::GiveBack => String::new(),
        }
    }
}

/// Replies, unless the same request did so before; answers whether it did.
async fn reply(
    app: &App,
    caller: &Caller,
    id: &str,
    said: (String, Words),
    (request, trace): (Option<Idempotency>, Option<TraceContext>),
) -> Result<bool, Problem> {
    if let Some(request) = &request
        && app.engine.answered(&caller.tenant, &[], request)?.is_some()
    {
        return Ok(true);
    }
    app.engine.reply(&caller.tenant, id, said, request, trace).await?;
    Ok(false)
}

/// Does what is the matter of the conversation alone, each time that it is asked for.
async fn do_so(
    app: &App,
    caller: &Caller,
    id: &str,
    what: What,
    trace: Option<TraceContext>,
) -> Result<bool, Problem> {
    let key = EntityKey::conversation(id);
    app.engine.act(&caller.tenant, key, Action::Conversation(what), trace).await?;
    Ok(false)
}

/// What a person writes: a text, or a template with what fills it.
fn take_words(body: &mut Map<String, Value>) -> Result<Words, Invalid> {
    let mut take = |name: &str| body.remove(name).filter(|value| !value.is_null());
    match (take("text"), take("template")) {
        (Some(text), None) => Ok(Words::Free(text_of(text)?)),
        (None, Some(template)) => template_of(template).map_err(|error| error.inside("template")),
        (None, None) => Err(Invalid::new("text", "is missing: say something, or name a template")),
        (Some(_), Some(_)) => Err(Invalid::new("template", "stands beside text: send one of them")),
    }
}

fn text_of(text: Value) -> Result<String, Invalid> {
    let is_odd = |letter: char| letter.is_control() && !matches!(letter, '\n' | '\t');
    match text {
        Value::String(text)
            if text.chars().count() <= TEXT_CHARS_MAX
                && !text.trim().is_empty()
                && !text.chars().any(is_odd) =>
        {
            Ok(text.trim().to_owned())
        }
        _ => {
            let problem = format!(
                "must be a text that says something, of {TEXT_CHARS_MAX} characters at most"
            );
            Err(Invalid::new("text", problem))
        }
    }
}

fn template_of(template: Value) -> Result<Words, Invalid> {
    let Value::Object(mut template) = template else {
        return Err(Invalid::new("", "must be an object with name and language"));
    };
    let parameters = match template.remove("parameters") {
        None | Some(Value::Null) => Vec::new(),
        Some(given) => parameters_of(given)?,
    };
    if let Some(missing) =
        ["name", "language"].into_iter().find(|name| !template.contains_key(*name))
    {
        return Err(Invalid::new(missing, "is missing"));
    }
    let template: WhatsAppTemplate = invalid::read(Value::Object(template))?;
    template.check()?;
    Ok(Words::Template(template, parameters))
}

/// Meta takes no line breaks in what fills a template.
fn parameters_of(given: Value) -> Result<Vec<String>, Invalid> {
    let read = |(place, value): (usize, Value)| match value {
        Value::String(text)
            if text.chars().count() <= PARAMETER_CHARS_MAX
                && !text.trim().is_empty()
                && !text.chars().any(char::is_control) =>
        {
            Ok(text.trim().to_owned())
        }
        _ => {
            let problem = format!(
                "must be one line that says something, of {PARAMETER_CHARS_MAX} characters at most"
            );
            Err(Invalid::new(format!("parameters[{place}]"), problem))
        }
    };
    match given {
        Value::Array(given) if given.len() <= PARAMETERS_MAX => {
            given.into_iter().enumerate().map(read).collect()
        }
        _ => {
            let problem = format!("must be a list of at most {PARAMETERS_MAX} texts");
            Err(Invalid::new("parameters", problem))
        }
    }
}

/// In what form a person may reply, and until when; or why they may not.
pub(super) fn replies(
    app: &App,
    view: &TenantView,
    talk: &Conversation,
    lead: Option<&str>,
) -> Result<Value, Problem> {
    let ledger = app.engine.ledger();
    let lead = lead.map(|lead| ledger.lead_now(&view.id, lead)).transpose()?.flatten();
    let number = match talk.reached(lead.as_ref().and_then(|lead| lead.phone()), &view.policy) {
        Ok(number) => number,
        Err(reason) => {
            return Ok(json!({"refused": reason, "free_until": null, "templates": []}));
        }
    };
    let until = ledger.window_until(&view.id, number)?;
    let now = ledger.now().timestamp();
    let until = until.filter(|until| Window::of(Some(*until), now) == Window::Open);
    let line = view.policy.settings.whatsapp.as_ref();
    let templates: Vec<Value> = Purpose::ALL
        .into_iter()
        .filter_map(|purpose| {
            let template = line?.templates.get(purpose)?;
            Some(json!({"purpose": purpose.as_str(), "template": template.name,
                "language": template.language, "parameters": purpose.filled_by()?}))
        })
        .collect();
    let until = until.map(|until| Window::free_until(until).to_rfc3339());
    Ok(json!({"refused": null, "free_until": until, "templates": templates}))
}
