//! The built-in types of event and the fields that they carry.

/// What a field holds, with an example.
#[derive(Debug, Clone, Copy)]
pub(super) enum Kind {
    /// A text.
    Text(&'static str),
    /// A moment, as RFC 3339; what comes in may also be on the tenant's wall.
    Moment(&'static str),
    /// An id of the caller's own, a text or a number.
    Id(&'static str),
    /// A whole number.
    Whole(i64),
    /// A number.
    Number(f64),
    /// Yes or no.
    Yes(bool),
    /// Anything; the example as JSON.
    Any(&'static str),
}

use Kind::{Any, Id, Moment, Number, Text, Whole, Yes};

const BOOKING: &str = "reservation_id! date_time status party_size name email restaurant intent \
    locale notes wa_number wa_number_hash";

const LEAD: &str = "lead_id! name user_id channel campaign locale how wa_number_hash";

const REMINDED: &str = "reservation_id! date_time party_size name restaurant status reminder channel \
    locale wa_number_hash";

/// Each type: its name, its fields (`!`: required), and what it means.
pub(super) const TYPES: &[(&str, &str, &str)] = &[
    (
        "reservation.created",
        "reservation_id! date_time! party_size name email restaurant intent locale notes wa_number \
         wa_number_hash",
        "A booking was made: reminders and the no-show are set for it.",
    ),
    ("reservation.modified", BOOKING, "A booking was changed; with another time its timers move."),
    ("reservation.cancelled", BOOKING, "A booking was called off."),
    ("reservation.confirmed", BOOKING, "A customer said that they will come."),
    ("reservation.arrived", BOOKING, "A customer came."),
    ("reservation.completed", BOOKING, "A visit is over."),
    (
        "reminder.24h.sent",
        REMINDED,
        "A customer was reminded at this offset before the slot; any offset makes such a type.",
    ),
    ("reminder.2h.sent", REMINDED, "A customer who had not answered was reminded again."),
    ("reminder.no_show", BOOKING, "A customer did not come."),
    (
        "handoff.opened",
        "conversation_id! wa_number wa_number_hash last_intent reason",
        "A customer waits for a person.",
    ),
    (
        "handoff.replied",
        "conversation_id! last_intent wa_number_hash",
        "A person answered a customer who waited.",
    ),
    (
        "handoff.closed",
        "conversation_id! last_intent wa_number_hash",
        "A conversation with a person is over.",
    ),
    (
        "sla.breached",
        "conversation_id! elapsed_minutes last_intent wa_number_hash",
        "A customer waited for a person for longer than the tenant allows.",
    ),
    (
        "incident.sla_cluster",
        "count escalation_needed",
        "Several customers waited too long inside a short time.",
    ),
    (
        "conversation.started",
        "conversation_id! lead_id channel campaign user context",
        "A conversation began.",
    ),
    (
        "conversation.message.received",
        "conversation_id! message_id content user metadata products",
        "A customer wrote.",
    ),
    (
        "conversation.message.sent",
        "conversation_id! message_id content user metadata",
        "A customer was written to.",
    ),
    (
        "conversation.ended",
        "conversation_id! lead_id channel campaign reason last_intent duration message_count resolution \
         metrics user",
        "A conversation ended: it was told, or nobody wrote for a while.",
    ),
    (
        "conversation.escalated",
        "conversation_id! reason last_intent user",
        "A conversation needs a person: its handoff is opened.",
    ),
    (
        "ai.intent.detected",
        "conversation_id! message_id intent! entities",
        "An assistant understood what a customer wants.",
    ),
    ("ai.action.executed", "conversation_id! action!", "An assistant did something."),
    (
        "ai.recommendation.generated",
        "conversation_id! products recommendations",
        "An assistant recommended something.",
    ),
    (
        "whatsapp.message.received",
        "message_id wa_number_hash user_id name lead_id conversation_id type text button reply_to answers media \
         interactive referral",
        "A customer wrote on WhatsApp.",
    ),
    (
        "whatsapp.call.started",
        "call_id wa_number_hash user_id name lead_id direction cta_payload",
        "A WhatsApp call began to ring.",
    ),
    (
        "whatsapp.call.ended",
        "call_id wa_number_hash user_id name lead_id direction started_at ended_at duration_seconds",
        "A WhatsApp call that was answered is over.",
    ),
    (
        "whatsapp.call.missed",
        "call_id wa_number_hash user_id name lead_id direction",
        "A WhatsApp call was not answered.",
    ),
    (
        "whatsapp.call.failed",
        "call_id wa_number_hash user_id name lead_id direction",
        "A WhatsApp call failed.",
    ),
    (
        "whatsapp.call.status",
        "call_id wa_number_hash user_id name lead_id direction status",
        "A WhatsApp call to a customer rings, is accepted or rejected.",
    ),
    (
        "whatsapp.user.changed",
        "wa_number_hash user_id name change new_user_id",
        "A customer has another number or another id on WhatsApp.",
    ),
    ("whatsapp.error", "code message", "WhatsApp tells of an error of the account."),
    (
        "inbound.quarantined",
        "inbound_id source attempts error",
        "What came in failed again and again, and waits for somebody to look at it.",
    ),
    ("inbound.refused", "source reason", "Very much of what comes in is refused."),
    (
        "inventory.updated",
        "products sku name new_stock availability",
        "The stock of products changed: who looks at one hears that it is sold out, or nearly.",
    ),
    (
        "price.changed",
        "product sku name old_price! new_price!",
        "The price of a product changed: who looked at it hears of a lower one.",
    ),
    ("product.added", "product sku name", "A product is offered."),
    ("product.removed", "product sku name", "A product is no longer offered."),
    ("order.created", "order_id amount currency products", "An order was made."),
    (
        "order.completed",
        "order_id conversation_id user_id user wa_number wa_number_hash amount currency products",
        "An order was paid and is complete.",
    ),
    ("order.cancelled", "order_id reason", "An order was called off."),
    ("campaign.started", "campaign_id name", "A campaign began."),
    ("lead.created", LEAD, "A person wrote or called who was not known."),
    (
        "lead.merged",
        "lead_id! merged_lead_id! opted_out name user_id channel campaign locale wa_number_hash",
        "Two leads turned out to be one person: the second is part of the first from now on.",
    ),
    ("lead.opted_out", LEAD, "A person wants to hear nothing unasked any more."),
    ("lead.opted_in", LEAD, "A person wants to hear offers again."),
    (
        "message.failed",
        "delivery_id! message_id channel endpoint_id because_of because_of_type code error lead_id \
         conversation_id reservation_id product wa_number_hash",
        "A message that WhatsApp had taken did not arrive.",
    ),
    (
        "lead.sold_out.sent",
        "lead_id! conversation_id product new_stock locale because_of wa_number_hash",
        "A person was told that a product which they look at is sold out.",
    ),
    (
        "lead.low_stock.sent",
        "lead_id! conversation_id product new_stock locale because_of wa_number_hash",
        "A person was told that few are left of a product which they look at.",
    ),
    (
        "lead.price_drop.sent",
        "lead_id! conversation_id product old_price new_price discount_percent locale because_of \
         wa_number_hash",
        "A person was told that a product which they looked at costs less.",
    ),
    (
        "whatsapp.preferences.changed",
        "wa_number wa_number_hash user_id user value category detail lead_id name",
        "A customer chose whether to hear offers.",
    ),
    ("client.created", "client_id name email", "A client was added."),
    ("client.updated", "client_id name email changes", "A client was changed."),
    ("portfolio.created", "portfolio_id client_id name", "A portfolio was added."),
    ("portfolio.updated", "portfolio_id client_id name changes", "A portfolio was changed."),
    ("notification.sent", "notification_id channel user_id", "A notification was sent."),
    ("user.registered", "user_id name email", "A user signed up."),
    ("user.created", "user_id name email", "A user was added."),
    ("user.updated", "user_id name email changes", "A user was changed."),
    ("user.deleted", "user_id", "A user was removed."),
    ("tenant.created", "tenant_id name", "A customer of a service was added."),
    ("tenant.updated", "tenant_id name changes", "A customer of a service was changed."),
    (
        "subscription.created",
        "subscription_id tenant_id plan amount currency",
        "A subscription began.",
    ),
    ("subscription.updated", "subscription_id tenant_id plan changes", "A subscription changed."),
    ("subscription.cancelled", "subscription_id tenant_id reason", "A subscription was ended."),
    ("invoice.paid", "invoice_id tenant_id amount currency", "An invoice was paid."),
    ("invoice.failed", "invoice_id tenant_id amount currency reason", "An invoice was not paid."),
    (
        "endpoint.failing",
        "endpoint_id! kind percent failing_since disabled_at error",
        "An endpoint has been failing for this share of the time after which it is disabled.",
    ),
    ("endpoint.recovered", "endpoint_id! kind failing_since", "An endpoint works again."),
    ("endpoint.disabled", "endpoint_id! kind reason", "An endpoint was disabled."),
    (
        "endpoint.secret.expiring",
        "endpoint_id! kind secret_created_at age_days",
        "An endpoint's secret is old and should be rotated.",
    ),
    (
        "dead_letters.threshold_exceeded",
        "count threshold",
        "More deliveries were given up than the tenant allows.",
    ),
    (
        "dead_letters.aging",
        "count oldest_at threshold",
        "A delivery that was given up has lain there for too long.",
    ),
    ("dead_letters.expired", "count", "Deliveries that were given up long ago were thrown away."),
    (
        "pipeline.quarantined",
        "event_id! event_type stage reason deaths",
        "An event on which processing failed again and again was set aside.",
    ),
    (
        "alert.raised",
        "alert! metric severity measured threshold window since",
        "Something that is counted is not as its rule says, and has not been for as long as it says.",
    ),
    (
        "alert.resolved",
        "alert! measured resolved_at",
        "Something that an alert was raised for is as its rule says again.",
    ),
    ("test.ping", "endpoint_id message", "A test of an endpoint."),
];

/// Each field by name.
pub(super) const FIELDS: &[(&str, Kind)] = &[
    ("action", Any(r#"{"name": "search_products", "result": {"success": true}}"#)),
    ("age_days", Whole(83)),
    (
        "answers",
        Any(
            r#"{"delivery_id": "dlv_01j8x7k2m3n4p", "event_id": "evt_1", "event_type": "lead.price_drop.sent"}"#,
        ),
    ),
    ("availability", Any(r#""in_stock""#)),
    ("because_of", Id("evt_1")),
    ("campaign", Text("summer_sale")),
    ("category", Text("marketing_messages")),
    ("detail", Text("User requested to stop marketing messages")),
    ("because_of_type", Text("reminder.24h.sent")),
    ("delivery_id", Text("msg_01j8x7k2m3n4p")),
    ("discount_percent", Whole(20)),
    ("how", Text("STOP")),
    ("lead_id", Id("lead_00000000000000a1")),
    ("new_stock", Whole(3)),
    ("recommendations", Any(r#"[{"sku": "SKU-1", "name": "Vestido negro"}]"#)),
    ("sku", Id("SKU-1")),
    ("value", Text("stop")),
    ("alert", Id("delivery_failure_rate")),
    ("amount", Number(1234.5)),
    ("measured", Number(0.0731)),
    ("metric", Text("delivery_failure_rate")),
    ("resolved_at", Moment("2026-11-20T19:12:00.000Z")),
    ("severity", Text("critical")),
    ("since", Moment("2026-11-20T19:02:00.000Z")),
    ("window", Text("5m")),
    ("attempts", Whole(4)),
    ("button", Text("confirm:R-1")),
    ("call_id", Id("wacid.ABC")),
    ("campaign_id", Id("summer_sale")),
    ("change", Text("user_changed_number")),
    ("changes", Any(r#"{"email": "ana@example.com"}"#)),
    ("channel", Text("whatsapp")),
    ("client_id", Id("client_1")),
    ("code", Whole(130_429)),
    ("content", Any(r#"{"type": "text", "text": "Busco un vestido negro", "language": "es"}"#)),
    ("context", Any(r#"{"entry_point": "qr_code", "campaign": "summer_sale"}"#)),
    ("conversation_id", Id("conv_1")),
    ("count", Whole(5)),
    ("secret_created_at", Moment("2026-08-25T09:00:00.000Z")),
    ("cta_payload", Text("R-1")),
    ("currency", Text("EUR")),
    ("date_time", Moment("2026-11-20T19:00:00.000Z")),
    ("deaths", Whole(3)),
    ("direction", Text("user_initiated")),
    ("disabled_at", Moment("2026-11-25T09:00:00.000Z")),
    ("duration", Number(900.0)),
    ("duration_seconds", Whole(120)),
    ("elapsed_minutes", Number(7.0)),
    ("email", Text("ana@example.com")),
    ("ended_at", Moment("2026-11-20T19:02:00.000Z")),
    ("endpoint_id", Whole(1)),
    ("entities", Any(r#"[{"type": "color", "value": "negro"}]"#)),
    ("error", Text("answered 503 Service Unavailable")),
    ("escalation_needed", Yes(true)),
    ("event_id", Text("evt_1")),
    ("event_type", Text("client.created")),
    ("failing_since", Moment("2026-11-20T09:00:00.000Z")),
    ("inbound_id", Text("inb_01j8x7k2m3n4p")),
    ("intent", Any(r#""reservar""#)),
    ("interactive", Any(r#"{"type": "button_reply", "button_reply": {"id": "confirm:R-1"}}"#)),
    ("invoice_id", Id("inv_1")),
    ("kind", Text("webhook")),
    ("last_intent", Text("reservar")),
    ("locale", Text("es")),
    ("media", Any(r#"{"id": "7001", "mime_type": "image/jpeg"}"#)),
    ("merged_lead_id", Id("lead_00000000000000b2")),
    ("message", Text("Hello from Sereno")),
    ("message_count", Whole(24)),
    ("message_id", Id("msg_1")),
    ("metadata", Any(r#"{"sentiment": "positive"}"#)),
    ("metrics", Any(r#"{"ai_messages": 12, "user_messages": 12}"#)),
    ("name", Text("Ana")),
    ("new_user_id", Id("ES.1349120865")),
    ("new_price", Number(80.0)),
    ("notes", Text("Mesa junto a la ventana")),
    ("notification_id", Id("ntf_1")),
    ("old_price", Number(100.0)),
    ("oldest_at", Moment("2026-11-20T09:00:00.000Z")),
    ("opted_out", Yes(false)),
    ("order_id", Id("ord_1")),
    ("party_size", Whole(4)),
    ("percent", Whole(50)),
    ("plan", Text("pro")),
    ("portfolio_id", Id("pf_1")),
    ("product", Any(r#"{"sku": "SKU-1", "name": "Vestido negro"}"#)),
    ("products", Any(r#"[{"sku": "SKU-1", "name": "Vestido negro", "new_stock": 3}]"#)),
    ("reason", Text("pidió hablar con una persona")),
    ("referral", Any(r#"{"source_id": "120", "source_type": "ad"}"#)),
    ("reminder", Text("24h")),
    ("reply_to", Text("wamid.ABC")),
    ("reservation_id", Text("R-1")),
    ("resolution", Any(r#"{"status": "resolved", "outcome": "purchase_completed"}"#)),
    ("restaurant", Text("La Trattoria")),
    ("source", Text("whatsapp")),
    ("stage", Text("process")),
    ("started_at", Moment("2026-11-20T19:00:00.000Z")),
    ("status", Text("booked")),
    ("subscription_id", Id("sub_1")),
    ("tenant_id", Id("tenant_1")),
    ("text", Text("1")),
    ("threshold", Any("10")),
    ("type", Text("text")),
    ("user", Any(r#"{"id": "user_1", "name": "María García"}"#)),
    ("user_id", Id("user_1")),
    ("wa_number", Text("+34600000001")),
    ("wa_number_hash", Text("ca2f2ab6e4b4ee6f")),
];
