-- A message stands as the latest look at it found it.
INSERT INTO messages (
    tenant, message_id, direction, channel, type, text, status, provider_message_id, lead_id,
    conversation_id, user_id, phone, phone_hash, event_sequence, occurred_at, sent_at,
    delivered_at, read_at, failed_at, error, data, version)
SELECT
    tenant, message_id, direction, channel, type, text, status, provider_message_id, lead_id,
    conversation_id, user_id, phone, phone_hash, event_sequence, occurred_at, sent_at,
    delivered_at, read_at, failed_at, error, data, version
FROM jsonb_to_recordset($1::text::jsonb) AS row (
    tenant text, message_id text, direction text, channel text, type text, text text, status text,
    provider_message_id text, lead_id text, conversation_id text, user_id text, phone text,
    phone_hash text, event_sequence bigint, occurred_at timestamptz, sent_at timestamptz,
    delivered_at timestamptz, read_at timestamptz, failed_at timestamptz, error text, data jsonb,
    version bigint)
ON CONFLICT (tenant, message_id) DO UPDATE SET
    direction = excluded.direction,
    channel = excluded.channel,
    type = excluded.type,
    text = excluded.text,
    status = excluded.status,
    provider_message_id = excluded.provider_message_id,
    lead_id = excluded.lead_id,
    conversation_id = excluded.conversation_id,
    user_id = excluded.user_id,
    phone = excluded.phone,
    phone_hash = excluded.phone_hash,
    event_sequence = excluded.event_sequence,
    occurred_at = excluded.occurred_at,
    sent_at = excluded.sent_at,
    delivered_at = excluded.delivered_at,
    read_at = excluded.read_at,
    failed_at = excluded.failed_at,
    error = excluded.error,
    data = excluded.data,
    version = excluded.version
WHERE excluded.version > messages.version
