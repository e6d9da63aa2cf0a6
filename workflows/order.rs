//! In which order an endpoint gets its deliveries.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::id::EntityKey;

/// The order of an endpoint's deliveries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Ordering {
    /// As fast as they go: a delivery that is tried again holds up nobody.
    #[default]
    None,
    /// First in, first out for each key: the next one goes when the one before arrived or was given up.
    Fifo,
}

/// The longest key that is compared as it is; of longer ones, the beginning.
const KEY_BYTES_MAX: usize = 200;

/// The key within which an event's order is kept: the booking or handoff that it is about, else its
/// conversation, else its user; events without any share one.
pub fn key(entity: Option<&EntityKey>, data: &Map<String, Value>) -> String {
    let field = |name: &str| data.get(name).and_then(Value::as_str);
    let key = match (entity, field("conversation_id"), field("user_id")) {
        (Some(entity), _, _) => entity.to_string(),
        (None, Some(conversation), _) => format!("conversation_id/{conversation}"),
        (None, None, Some(user)) => format!("user_id/{user}"),
        (None, None, None) => String::new(),
    };
    let mut end = key.len().min(KEY_BYTES_MAX);
    while !key.is_char_boundary(end) {
        end -= 1;
    }
    key.get(..end).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_key_is_the_entity_then_the_conversation_then_the_user() {
        let entity = EntityKey::reservation("R-1");
        let both = json!({"conversation_id": "c1", "user_id": "u1"});
        let user = json!({"user_id": "u1"});
        for (entity, data, expected) in [
            (Some(&entity), &both, "reservation/R-1"),
            (None, &both, "conversation_id/c1"),
            (None, &user, "user_id/u1"),
            (None, &json!({"n": 1}), ""),
        ] {
            assert_eq!(key(entity, data.as_object().unwrap()), expected);
        }
        let long = json!({"user_id": "é".repeat(500)});
        assert!(key(None, long.as_object().unwrap()).len() <= KEY_BYTES_MAX);
    }
}
