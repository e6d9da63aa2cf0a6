-- A conversation stands as the latest look at it found it.
INSERT INTO conversations (
    tenant, conversation_id, status, channel, lead_id, campaign, entry_point, started_at, heard_at,
    received, sent, calls, intents, products, escalated_at, escalated_because, ended_at, ended_by,
    resolution, order_id, held_by, held_at, version)
SELECT
    tenant, conversation_id, status, channel, lead_id, campaign, entry_point, started_at, heard_at,
    received, sent, calls, intents, products, escalated_at, escalated_because, ended_at, ended_by,
    resolution, order_id, held_by, held_at, version
FROM jsonb_to_recordset($1::text::jsonb) AS row (
    tenant text, conversation_id text, status text, channel text, lead_id text, campaign text,
    entry_point text, started_at timestamptz, heard_at timestamptz, received bigint, sent bigint,
    calls bigint, intents jsonb, products jsonb, escalated_at timestamptz, escalated_because text,
    ended_at timestamptz, ended_by text, resolution jsonb, order_id text, held_by text,
    held_at timestamptz, version bigint)
ON CONFLICT (tenant, conversation_id) DO UPDATE SET
    status = excluded.status,
    channel = excluded.channel,
    lead_id = excluded.lead_id,
    campaign = excluded.campaign,
    entry_point = excluded.entry_point,
    started_at = excluded.started_at,
    heard_at = excluded.heard_at,
    received = excluded.received,
    sent = excluded.sent,
    calls = excluded.calls,
    intents = excluded.intents,
    products = excluded.products,
    escalated_at = excluded.escalated_at,
    escalated_because = excluded.escalated_because,
    ended_at = excluded.ended_at,
    ended_by = excluded.ended_by,
    resolution = excluded.resolution,
    order_id = excluded.order_id,
    held_by = excluded.held_by,
    held_at = excluded.held_at,
    version = excluded.version
WHERE excluded.version > conversations.version
