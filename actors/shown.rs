//! What somebody else named, as spans and logs have it: a name that may hold a telephone number or a mail address is
//! hidden behind what is the same each time, so that what is of one entity is found together, and the number by nobody.

use std::borrow::Cow;
use std::net::IpAddr;

use sereno_workflows::id::{EntityKey, EntityKind};
use sereno_workflows::masking::{gives_away, may_name_somebody};
use sha2::{Digest as _, Sha256};

use crate::vault::Vault;

/// For what such ids are sealed.
const PLACE: &str = "shown";
/// Bytes of what is shown instead.
const SHOWN_BYTES: usize = 8;

/// An event's id or type, or a tenant's.
pub(crate) fn name<'a>(vault: &Vault, name: &'a str) -> Cow<'a, str> {
    if may_name_somebody(name) { Cow::Owned(alias(vault, name)) } else { Cow::Borrowed(name) }
}

/// A host's name or address.
pub(crate) fn host<'a>(vault: &Vault, host: &'a str) -> Cow<'a, str> {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    if address.parse::<IpAddr>().is_ok() { Cow::Borrowed(host) } else { name(vault, host) }
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
    let id = match gives_away(field, &key.id) {
        true => Cow::Owned(alias(vault, &key.id)),
        false => name(vault, &key.id),
    };
    format!("{}/{id}", key.kind.as_str())
}

/// What stands for a name: sealed with the server's key, so that nobody finds a number by trying all.
fn alias(vault: &Vault, name: &str) -> String {
    let digest = Sha256::digest(vault.seal_alike(PLACE, name.as_bytes()));
    let hex = digest.iter().take(SHOWN_BYTES).map(|byte| format!("{byte:02x}"));
    format!("hidden-{}", hex.collect::<String>())
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
            "600/111/888",
            "NjAwMTExODg4",
        ] {
            assert!(name(&vault, id).starts_with("hidden-"), "{id}");
        }
        let booked = key(&vault, &EntityKey::reservation("34655666777:2026"));
        assert!(booked.starts_with("reservation/hidden-"), "{booked}");
        for shown in ["order-5", "evt_001j8x7k2m3n4", "client.created", "la-esquina"] {
            assert_eq!(name(&vault, shown), shown);
        }
        for address in ["192.168.100.200", "[2001:db8::1234:5678]", "hooks.example.com"] {
            assert_eq!(host(&vault, address), address);
        }
        assert!(host(&vault, "34600111888.example.com").starts_with("hidden-"));
        assert_eq!(key(&vault, &EntityKey::conversation("C-1")), "conversation/C-1");
        let product = key(&vault, &EntityKey::product("8412345678905"));
        assert!(product.starts_with("product/hidden-"), "{product}");
    }
}
