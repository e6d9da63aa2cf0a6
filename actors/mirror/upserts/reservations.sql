-- A booking stands as the latest look at it found it.
INSERT INTO reservations (
    tenant, reservation_id, status, slot, party_size, lead_id, name, phone, phone_hash, email,
    restaurant, intent, locale, notes, no_show_at, reminders, history, version)
SELECT
    tenant, reservation_id, status, slot, party_size, lead_id, name, phone, phone_hash, email,
    restaurant, intent, locale, notes, no_show_at, reminders, history, version
FROM jsonb_to_recordset($1::text::jsonb) AS row (
    tenant text, reservation_id text, status text, slot timestamptz, party_size integer,
    lead_id text, name text, phone text, phone_hash text, email text, restaurant text, intent text,
    locale text, notes text, no_show_at timestamptz, reminders jsonb, history jsonb, version bigint)
ON CONFLICT (tenant, reservation_id) DO UPDATE SET
    status = excluded.status,
    slot = excluded.slot,
    party_size = excluded.party_size,
    lead_id = excluded.lead_id,
    name = excluded.name,
    phone = excluded.phone,
    phone_hash = excluded.phone_hash,
    email = excluded.email,
    restaurant = excluded.restaurant,
    intent = excluded.intent,
    locale = excluded.locale,
    notes = excluded.notes,
    no_show_at = excluded.no_show_at,
    reminders = excluded.reminders,
    history = excluded.history,
    version = excluded.version
WHERE excluded.version > reservations.version
