-- A lead stands as the latest look at it found it.
INSERT INTO leads (
    tenant, lead_id, user_id, phone, phone_hash, name, locale, channel, campaign, opted_out_at,
    conversation_id, messages, conversations, calls, orders, merged_into, first_seen_at,
    last_seen_at, version)
SELECT
    tenant, lead_id, user_id, phone, phone_hash, name, locale, channel, campaign, opted_out_at,
    conversation_id, messages, conversations, calls, orders, merged_into, first_seen_at,
    last_seen_at, version
FROM jsonb_to_recordset($1::text::jsonb) AS row (
    tenant text, lead_id text, user_id text, phone text, phone_hash text, name text, locale text,
    channel text, campaign text, opted_out_at timestamptz, conversation_id text, messages bigint,
    conversations bigint, calls bigint, orders bigint, merged_into text, first_seen_at timestamptz,
    last_seen_at timestamptz, version bigint)
ON CONFLICT (tenant, lead_id) DO UPDATE SET
    user_id = excluded.user_id,
    phone = excluded.phone,
    phone_hash = excluded.phone_hash,
    name = excluded.name,
    locale = excluded.locale,
    channel = excluded.channel,
    campaign = excluded.campaign,
    opted_out_at = excluded.opted_out_at,
    conversation_id = excluded.conversation_id,
    messages = excluded.messages,
    conversations = excluded.conversations,
    calls = excluded.calls,
    orders = excluded.orders,
    merged_into = excluded.merged_into,
    first_seen_at = excluded.first_seen_at,
    last_seen_at = excluded.last_seen_at,
    version = excluded.version
WHERE excluded.version > leads.version
