//! The built-in types of event and the fields that they carry.

const BOOKING: &str = "reservation_id! date_time status party_size name email restaurant intent \
    locale notes wa_number wa_number_hash";

const LEAD: &str = "lead_id! name user_id channel campaign locale how wa_number_hash";

const REMINDED: &str = "reservation_id! date_time party_size name restaurant status reminder channel \
    locale wa_number_hash";

const IN_ROW: &str =
    "conversation_id! claimed_by priority snoozed_until last_intent wa_number_hash";

const GIVEN: &str =
    "conversation_id! claimed_by claimed_from priority snoozed_until last_intent wa_number_hash";

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
    ("handoff.claimed", IN_ROW, "A person took a handoff on themselves."),
    ("handoff.assigned", GIVEN, "A handoff was given to somebody, perhaps taken from another."),
    ("handoff.released", GIVEN, "Nobody has a handoff any more: it is left to the others."),
    ("handoff.prioritized", IN_ROW, "A handoff is to be answered sooner or later than before."),
    (
        "handoff.snoozed",
        IN_ROW,
        "A handoff was put off until a moment: nobody need look at it before.",
    ),
    (
        "handoff.unsnoozed",
        "conversation_id! woken_by claimed_by priority snoozed_until last_intent wa_number_hash",
        "A handoff that was put off is to be answered now: its time is over, its customer wrote, or a person \
         says so.",
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
        "conversation_id! message_id content text template sent_by by channel lead_id user metadata",
        "A customer was written to; by a person from here where sent_by says so.",
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
        "conversation.taken_over",
        "conversation_id! channel lead_id campaign by held_by_before",
        "A person answers in a conversation: whoever answers by itself is to leave it alone.",
    ),
    (
        "conversation.given_back",
        "conversation_id! channel lead_id campaign by because",
        "Nobody holds a conversation any more: a person gave it back or closed its handoff, or nobody wrote for long.",
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
        "alert! metric severity measured threshold comparison window since",
        "Something that is counted is not as its rule says, and has not been for as long as it says.",
    ),
    (
        "alert.resolved",
        "alert! metric severity measured threshold comparison window since resolved_at ended_by",
        "What an alert was raised for is over, told with the limit with which it was raised: recovered; or unmeasured, since too little happened to tell; or rule_disabled or rule_removed, so that nobody watches it any more; or rule_changed.",
    ),
    ("report.weekly.ready", "week! totals", "The report of the last whole week."),
    ("report.weekly.requested", "week! totals", "A report of a week that somebody asked for."),
    ("test.ping", "endpoint_id message", "A test of an endpoint."),
];
