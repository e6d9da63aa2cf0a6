-- A handoff stands as the latest look at it found it.
INSERT INTO handoffs (
    tenant, conversation_id, status, opened_at, replied_at, deadline, breached_at, lead_id, phone,
    phone_hash, last_intent, reason, claimed_by, claimed_at, priority, snoozed_until, closed_at, version)
SELECT
    tenant, conversation_id, status, opened_at, replied_at, deadline, breached_at, lead_id, phone,
    phone_hash, last_intent, reason, claimed_by, claimed_at, priority, snoozed_until, closed_at, version
FROM jsonb_to_recordset($1::text::jsonb) AS row (
    tenant text, conversation_id text, status text, opened_at timestamptz, replied_at timestamptz,
    deadline timestamptz, breached_at timestamptz, lead_id text, phone text, phone_hash text,
    last_intent text, reason text, claimed_by text, claimed_at timestamptz, priority text,
    snoozed_until timestamptz, closed_at timestamptz, version bigint)
ON CONFLICT (tenant, conversation_id) DO UPDATE SET
    status = excluded.status,
    opened_at = excluded.opened_at,
    replied_at = excluded.replied_at,
    deadline = excluded.deadline,
    breached_at = excluded.breached_at,
    lead_id = excluded.lead_id,
    phone = excluded.phone,
    phone_hash = excluded.phone_hash,
    last_intent = excluded.last_intent,
    reason = excluded.reason,
    claimed_by = excluded.claimed_by,
    claimed_at = excluded.claimed_at,
    priority = excluded.priority,
    snoozed_until = excluded.snoozed_until,
    closed_at = excluded.closed_at,
    version = excluded.version
WHERE excluded.version > handoffs.version
