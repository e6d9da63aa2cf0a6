//! Ids as spans and logs name them: one that holds a telephone number or a mail address is hidden behind what is
//! the same each time, so that what is of one entity is found together, and the number by nobody.

use std::borrow::Cow;

use sereno_workflows::id::{EntityKey, EntityKind};
use sereno_workflows::masking::{gives_away, may_name_somebody};
use sha2::{Digest as _, Sha256};

use crate::vault::Vault;

/// For what such ids are sealed.
const PLACE: &str = "shown";
/// Bytes of what is shown instead.
const SHOWN_BYTES: usize = 8;

/// An event's id.
pub(crate) fn event<'a>(vault: &Vault, id: &'a str) -> Cow<'a, str> {
    shown(vault, "event_id", id)
}

/// An entity's key.
pub(crate) fn key(vault: &Vault, key: &EntityKey) -> String {
    let field = match key.kind {
        EntityKind::Conversation | EntityKind::Handoff => "conversation_id",
        EntityKind::Reservation => "reservation_id",
        EntityKind::Lead => "lead_id",
        EntityKind::Product => "sku",
        EntityKind::Tenant
        | EntityKind::DeadLetters
        | EntityKind::Endpoint
        | EntityKind::Alerts
        | EntityKind::Reports => "id",
    };
    format!("{}/{}", key.kind.as_str(), shown(vault, field, &key.id))
}

fn shown<'a>(vault: &Vault, field: &str, id: &'a str) -> Cow<'a, str> {
    // What a product is numbered by is nobody's.
    if !gives_away(field, id) && (field == "sku" || !may_name_somebody(id)) {
        return Cow::Borrowed(id);
    }
    // Sealed with the server's key, so that nobody finds the number by trying all.
    let digest = Sha256::digest(vault.seal_alike(PLACE, id.as_bytes()));
    let hex = digest.iter().take(SHOWN_BYTES).map(|byte| format!("{byte:02x}"));
    Cow::Owned(format!("hidden-{}", hex.collect::<String>()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vault::generate_key;

    #[test]
    fn a20_f05_ids_that_are_numbers_are_hidden_alike_and_others_are_shown() {
        let vault = Vault::new(&generate_key()).unwrap();
        for hidden in [
            EntityKey::conversation("+34655666777"),
            EntityKey::conversation("34655666777"),
            EntityKey::handoff("34655666779@c.us"),
            EntityKey::conversation("wa_34655666777"),
        ] {
            let shown = key(&vault, &hidden);
            assert!(shown.contains("/hidden-") && !shown.contains("556667"), "{shown}");
            assert_eq!(shown, key(&vault, &hidden));
            let elsewhere = Vault::new(&generate_key()).unwrap();
            assert_ne!(shown, key(&elsewhere, &hidden));
        }
        for id in [
            "call-+34655666778",
            "ana@mail.example",
            "0034655666778",
            "655666778",
            "msg_34655666778",
            "ana.perez%40mail.com",
        ] {
            assert!(event(&vault, id).starts_with("hidden-"), "{id}");
        }
        let booked = key(&vault, &EntityKey::reservation("34655666777:2026"));
        assert!(booked.starts_with("reservation/hidden-"), "{booked}");
        assert_eq!(event(&vault, "order-5"), "order-5");
        assert_eq!(event(&vault, "evt_001j8x7k2m3n4"), "evt_001j8x7k2m3n4");
        assert_eq!(key(&vault, &EntityKey::conversation("C-1")), "conversation/C-1");
        assert_eq!(key(&vault, &EntityKey::product("8412345678905")), "product/8412345678905");
    }
}
