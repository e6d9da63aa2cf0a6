-- A call is told of by several events, in any order and more than once: what a later one leaves out stays,
-- and a call that is over is not begun again.
INSERT INTO calls (
    tenant, call_id, direction, status, finished, lead_id, conversation_id, user_id, phone_hash,
    first_event_at, started_at, ended_at, duration_seconds, error, data, version)
SELECT
    tenant, call_id, direction, status, finished, lead_id, conversation_id, user_id, phone_hash,
    first_event_at, started_at, ended_at, duration_seconds, error, data, version
FROM jsonb_to_recordset($1::text::jsonb) AS row (
    tenant text, call_id text, direction text, status text, finished boolean, lead_id text,
    conversation_id text, user_id text, phone_hash text, first_event_at timestamptz,
    started_at timestamptz, ended_at timestamptz, duration_seconds bigint, error text, data jsonb,
    version bigint)
ON CONFLICT (tenant, call_id) DO UPDATE SET
    direction = CASE WHEN excluded.version >= calls.version
        THEN coalesce(excluded.direction, calls.direction) ELSE coalesce(calls.direction, excluded.direction) END,
    status = CASE
        WHEN calls.finished <> excluded.finished
        THEN CASE WHEN calls.finished THEN calls.status ELSE excluded.status END
        WHEN excluded.version >= calls.version THEN excluded.status ELSE calls.status END,
    finished = calls.finished OR excluded.finished,
    lead_id = CASE WHEN excluded.version >= calls.version
        THEN coalesce(excluded.lead_id, calls.lead_id) ELSE coalesce(calls.lead_id, excluded.lead_id) END,
    conversation_id = CASE WHEN excluded.version >= calls.version
        THEN coalesce(excluded.conversation_id, calls.conversation_id) ELSE coalesce(calls.conversation_id, excluded.conversation_id) END,
    user_id = CASE WHEN excluded.version >= calls.version
        THEN coalesce(excluded.user_id, calls.user_id) ELSE coalesce(calls.user_id, excluded.user_id) END,
    phone_hash = CASE WHEN excluded.version >= calls.version
        THEN coalesce(excluded.phone_hash, calls.phone_hash) ELSE coalesce(calls.phone_hash, excluded.phone_hash) END,
    first_event_at = least(calls.first_event_at, excluded.first_event_at),
    started_at = CASE WHEN excluded.version >= calls.version
        THEN coalesce(excluded.started_at, calls.started_at) ELSE coalesce(calls.started_at, excluded.started_at) END,
    ended_at = CASE WHEN excluded.version >= calls.version
        THEN coalesce(excluded.ended_at, calls.ended_at) ELSE coalesce(calls.ended_at, excluded.ended_at) END,
    duration_seconds = CASE WHEN excluded.version >= calls.version
        THEN coalesce(excluded.duration_seconds, calls.duration_seconds) ELSE coalesce(calls.duration_seconds, excluded.duration_seconds) END,
    error = CASE WHEN excluded.version >= calls.version
        THEN coalesce(excluded.error, calls.error) ELSE coalesce(calls.error, excluded.error) END,
    data = CASE WHEN excluded.version >= calls.version
        THEN calls.data || excluded.data ELSE excluded.data || calls.data END,
    version = greatest(calls.version, excluded.version)
