-- An event stays as it is, but for one that stood aside and was processed later.
INSERT INTO events (
    tenant, sequence, event_id, event_type, occurred_at, recorded_at, source, entity, ignored,
    caused_by, lead_id, conversation_id, user_id, phone_hash, data)
SELECT
    tenant, sequence, event_id, event_type, occurred_at, recorded_at, source, entity, ignored,
    caused_by, lead_id, conversation_id, user_id, phone_hash, data
FROM jsonb_to_recordset($1::text::jsonb) AS row (
    tenant text, sequence bigint, event_id text, event_type text, occurred_at timestamptz,
    recorded_at timestamptz, source text, entity text, ignored text, caused_by bigint,
    lead_id text, conversation_id text, user_id text, phone_hash text, data jsonb)
ON CONFLICT (tenant, sequence) DO UPDATE SET
    entity = excluded.entity,
    ignored = excluded.ignored,
    lead_id = excluded.lead_id,
    data = excluded.data
WHERE (events.entity, events.ignored, events.lead_id, events.data)
    IS DISTINCT FROM (excluded.entity, excluded.ignored, excluded.lead_id, excluded.data)
