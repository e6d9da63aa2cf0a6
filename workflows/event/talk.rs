//! What an event's data says about a conversation, in the form in which platforms tell of theirs.

use serde_json::{Map, Value};

use super::{owned, required_id};
use crate::conversation::{Resolution, What};
use crate::invalid::Invalid;
use crate::lead::{Who, short};

/// What an event says about a conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Talk {
    /// The conversation.
    pub conversation_id: String,
    /// With whom, as far as it is said.
    pub who: Who,
    /// On which channel, where it is said.
    pub channel: Option<String>,
    /// What happened.
    pub what: What,
    /// What was said.
    pub text: Option<String>,
    /// The platform's id of the message.
    pub message_id: Option<String>,
}

/// Who wrote a message where a person did.
pub const BY_PERSON: &str = "person";

/// Products that one event names at most.
pub const PRODUCTS_NAMED_MAX: usize = 500;

impl Talk {
    /// Reads what an event of this type says, if it is one about conversations.
    pub fn of(event_type: &str, data: &Map<String, Value>) -> Result<Option<Self>, Invalid> {
        let what = match event_type {
            "conversation.started" => start(data)?,
            "conversation.message.received" => {
                What::Receive { products: products(data, "products")?, campaign: None }
            }
            "conversation.message.sent" if is_by_person(data) => What::Answer,
            "conversation.message.sent" => What::Send,
            "conversation.ended" => What::End(resolution(data)?),
            "conversation.escalated" => What::Escalate(owned(data, "reason")?),
            "ai.intent.detected" => intent(data)?,
            "ai.action.executed" => action(data)?,
            "ai.recommendation.generated" => {
                let mut all = products(data, "products")?;
                all.extend(products(data, "recommendations")?);
                What::Show(all)
            }
            _ => return Ok(None),
        };
        let mut who = Who::of(data)?;
        let content = object(data, "content")?;
        let text_of = |name: &str| content.and_then(|map| map.get(name)).and_then(Value::as_str);
        if matches!(what, What::Receive { .. }) {
            who.locale = who.locale.or(text_of("language").and_then(|text| text.parse().ok()));
        }
        Ok(Some(Self {
            conversation_id: required_id(data, "conversation_id")?,
            who,
            channel: owned(data, "channel")?,
            what,
            text: text_of("text").or_else(|| text_of("type")).and_then(short),
            message_id: owned(data, "message_id").unwrap_or_default(),
        }))
    }
}

/// Whether a person wrote it, as our own events say it.
pub fn is_by_person(data: &Map<String, Value>) -> bool {
    data.get("sent_by").and_then(Value::as_str) == Some(BY_PERSON)
}

fn start(data: &Map<String, Value>) -> Result<What, Invalid> {
    let empty = Map::new();
    let context = object(data, "context")?.unwrap_or(&empty);
    let inside = |invalid: Invalid| invalid.inside("context");
    Ok(What::Start {
        campaign: owned(context, "campaign").map_err(inside)?,
        entry_point: owned(context, "entry_point").map_err(inside)?,
    })
}

fn resolution(data: &Map<String, Value>) -> Result<Resolution, Invalid> {
    let Some(said) = object(data, "resolution")? else { return Ok(Resolution::default()) };
    let inside = |invalid: Invalid| invalid.inside("resolution");
    let satisfaction = match said.get("satisfaction_score") {
        None | Some(Value::Null) => None,
        Some(value) => {
            let problem = "must be a number from 0 to 100";
            let score = value.as_f64().filter(|score| (0.0..=100.0).contains(score));
            Some(score.ok_or_else(|| inside(Invalid::new("satisfaction_score", problem)))?)
        }
    };
    Ok(Resolution {
        status: owned(said, "status").map_err(inside)?,
        outcome: owned(said, "outcome").map_err(inside)?,
        satisfaction: satisfaction.map(|score| hundredths(score).into()),
    })
}

fn intent(data: &Map<String, Value>) -> Result<What, Invalid> {
    match data.get("intent") {
        Some(Value::String(name)) => Ok(What::Understand(name.clone(), None)),
        Some(Value::Object(intent)) => {
            let inside = |invalid: Invalid| invalid.inside("intent");
            let name = owned(intent, "name").map_err(inside)?;
            let name = name.ok_or_else(|| inside(Invalid::new("name", "is missing")))?;
            let confidence = match intent.get("confidence") {
                None | Some(Value::Null) => None,
                Some(value) => {
                    let sure = value.as_f64().filter(|sure| (0.0..=1.0).contains(sure));
                    let problem = || inside(Invalid::new("confidence", "must be from 0 to 1"));
                    Some(hundredths(sure.ok_or_else(problem)? * 100.0))
                }
            };
            Ok(What::Understand(name, confidence))
        }
        None | Some(Value::Null) => Err(Invalid::new("intent", "is missing")),
        Some(_) => Err(Invalid::new("intent", "must be a text, or an object with a name")),
    }
}

fn action(data: &Map<String, Value>) -> Result<What, Invalid> {
    match data.get("action") {
        Some(Value::String(name)) => {
            let success = data.get("success").and_then(Value::as_bool);
            Ok(What::Act { name: name.clone(), success, products: Vec::new() })
        }
        Some(Value::Object(action)) => {
            let inside = |invalid: Invalid| invalid.inside("action");
            let name = owned(action, "name").map_err(inside)?;
            let name = name.ok_or_else(|| inside(Invalid::new("name", "is missing")))?;
            let result = object(action, "result").map_err(inside)?;
            let mut seen = Vec::new();
            if let Some(result) = result {
                let inside = |invalid: Invalid| invalid.inside("action.result");
                seen = products(result, "products").map_err(inside)?;
            }
            let success = result.and_then(|result| result.get("success")).and_then(Value::as_bool);
            Ok(What::Act { name, success, products: seen })
        }
        None | Some(Value::Null) => Err(Invalid::new("action", "is missing")),
        Some(_) => Err(Invalid::new("action", "must be a text, or an object with a name")),
    }
}

/// Reads products: objects with a `sku` and perhaps a `name`, or the numbers alone.
pub(super) fn products(
    data: &Map<String, Value>,
    field: &str,
) -> Result<Vec<(String, Option<String>)>, Invalid> {
    let items = match data.get(field) {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(Value::Array(items)) => items,
        Some(_) => return Err(Invalid::new(field, "must be an array of products")),
    };
    if items.len() > PRODUCTS_NAMED_MAX {
        let problem = format!("at most {PRODUCTS_NAMED_MAX} products in one event");
        return Err(Invalid::new(field, problem));
    }
    let mut products: Vec<(String, Option<String>)> = Vec::with_capacity(items.len());
    for (index, item) in items.iter().enumerate() {
        let product = match item {
            Value::Object(product) => {
                let place = format!("{field}[{index}]");
                let sku = sku(product).map_err(|invalid| invalid.inside(&place))?;
                let sku = sku.ok_or_else(|| Invalid::new(format!("{place}.sku"), "is missing"))?;
                (sku, product.get("name").and_then(Value::as_str).and_then(short))
            }
            Value::String(sku) => (checked_sku(sku, &format!("{field}[{index}]"))?, None),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => {
                let problem = "must be an object with a sku";
                return Err(Invalid::new(format!("{field}[{index}]"), problem));
            }
        };
        if products.iter().all(|(known, _)| *known != product.0) {
            products.push(product);
        }
    }
    Ok(products)
}

/// A product's number in the shop, under the names that it goes by.
pub(super) fn sku(product: &Map<String, Value>) -> Result<Option<String>, Invalid> {
    for field in ["sku", "product_id", "product_retailer_id", "id"] {
        match product.get(field) {
            None | Some(Value::Null) => {}
            Some(Value::String(sku)) => return checked_sku(sku, field).map(Some),
            Some(Value::Number(sku)) => return Ok(Some(sku.to_string())),
            Some(_) => return Err(Invalid::new(field, "must be a text or a number")),
        }
    }
    Ok(None)
}

fn checked_sku(sku: &str, field: &str) -> Result<String, Invalid> {
    crate::id::checked(sku).map_err(|error| Invalid::new(field, error.to_string()))
}

pub(super) fn object<'a>(
    data: &'a Map<String, Value>,
    field: &str,
) -> Result<Option<&'a Map<String, Value>>, Invalid> {
    match data.get(field) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Object(map)) => Ok(Some(map)),
        Some(_) => Err(Invalid::new(field, "must be an object")),
    }
}

/// A number of at most 100 in hundredths.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "both callers have checked that it lies between 0 and 100"
)]
fn hundredths(value: f64) -> u16 {
    (value * 100.0).round() as u16
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(event_type: &str, data: Value) -> Result<Talk, Invalid> {
        Talk::of(event_type, data.as_object().unwrap()).map(Option::unwrap)
    }

    #[test]
    fn b02_the_platforms_events_are_read_as_it_writes_them() {
        let received = read(
            "conversation.message.received",
            json!({"conversation_id": "conv_abc123", "message_id": "msg_def456",
                "content": {"type": "text", "text": "Busco un vestido", "language": "es"},
                "user": {"id": "user_xyz789"}, "metadata": {"sentiment": "positive"}}),
        );
        let received = received.unwrap();
        assert_eq!(received.text.as_deref(), Some("Busco un vestido"));
        assert_eq!(received.who.user_id.as_deref(), Some("user_xyz789"));
        assert_eq!(received.who.locale.map(|locale| locale.as_str()), Some("es"));
        let intent = read(
            "ai.intent.detected",
            json!({"conversation_id": "c", "intent": {"name": "search", "confidence": 0.89}}),
        );
        assert_eq!(intent.unwrap().what, What::Understand("search".into(), Some(8_900)));
        let ended = read(
            "conversation.ended",
            json!({"conversation_id": "c", "duration": 900, "resolution": {"status": "resolved",
                "outcome": "purchase_completed", "satisfaction_score": 4.5}}),
        );
        let What::End(resolution) = ended.unwrap().what else { panic!() };
        assert_eq!(resolution.satisfaction, Some(450));
        let shown = read(
            "ai.recommendation.generated",
            json!({"conversation_id": "c", "products": [{"sku": 7, "name": "A"}, "B", {"sku": "7"}]}),
        );
        let What::Show(products) = shown.unwrap().what else { panic!() };
        assert_eq!(products, [("7".to_owned(), Some("A".to_owned())), ("B".to_owned(), None)]);
        assert_eq!(Talk::of("conversation.rated", &Map::new()), Ok(None));
    }

    #[test]
    fn b02_what_does_not_fit_is_refused_by_name() {
        let many: Vec<Value> = (0..=PRODUCTS_NAMED_MAX).map(|n| json!({"sku": n})).collect();
        for (event_type, data, field) in [
            ("conversation.started", json!({}), "conversation_id"),
            ("conversation.started", json!({"conversation_id": 7}), "conversation_id"),
            ("conversation.started", json!({"conversation_id": "c", "context": []}), "context"),
            ("conversation.started", json!({"conversation_id": "c", "user": 1}), "user"),
            (
                "conversation.ended",
                json!({"conversation_id": "c", "resolution": {"satisfaction_score": "5"}}),
                "resolution.satisfaction_score",
            ),
            ("ai.intent.detected", json!({"conversation_id": "c"}), "intent"),
            (
                "ai.intent.detected",
                json!({"conversation_id": "c", "intent": {"name": "x", "confidence": 7}}),
                "intent.confidence",
            ),
            ("ai.action.executed", json!({"conversation_id": "c", "action": 5}), "action"),
            (
                "ai.action.executed",
                json!({"conversation_id": "c", "action": {"name": "a", "result": {"products": 5}}}),
                "action.result.products",
            ),
            (
                "ai.recommendation.generated",
                json!({"conversation_id": "c", "products": [{"name": "x"}]}),
                "products[0].sku",
            ),
            (
                "ai.recommendation.generated",
                json!({"conversation_id": "c", "products": many}),
                "products",
            ),
        ] {
            assert_eq!(read(event_type, data.clone()).unwrap_err().field, field, "{data}");
        }
    }
}
