-- What a business wants to ask of its customers' events, in tables of its own database.
-- Rows are written by sereno alone; columns, indexes and views of your own may be added and stay.

CREATE TABLE owner (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    instance text NOT NULL,
    epoch bigint NOT NULL,
    seen_at timestamptz NOT NULL
);
COMMENT ON TABLE owner IS 'The one server that writes here. Another one is refused until this row is deleted.';

CREATE TABLE progress (
    tenant text PRIMARY KEY,
    events bigint NOT NULL,
    at timestamptz NOT NULL
);
COMMENT ON TABLE progress IS 'Events before this sequence are here.';

CREATE TABLE events (
    tenant text NOT NULL,
    sequence bigint NOT NULL,
    event_id text NOT NULL,
    event_type text NOT NULL,
    occurred_at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL,
    source text NOT NULL,
    entity text,
    ignored text,
    caused_by bigint,
    lead_id text,
    conversation_id text,
    user_id text,
    phone_hash text,
    data jsonb NOT NULL,
    PRIMARY KEY (tenant, sequence)
);
CREATE INDEX events_event_id ON events (tenant, event_id);
CREATE INDEX events_type ON events (tenant, event_type, occurred_at);
CREATE INDEX events_lead ON events (tenant, lead_id, occurred_at) WHERE lead_id IS NOT NULL;
CREATE INDEX events_conversation ON events (tenant, conversation_id, occurred_at) WHERE conversation_id IS NOT NULL;

CREATE TABLE leads (
    tenant text NOT NULL,
    lead_id text NOT NULL,
    user_id text,
    phone text,
    phone_hash text,
    name text,
    locale text,
    channel text,
    campaign text,
    opted_out_at timestamptz,
    conversation_id text,
    messages bigint,
    conversations bigint,
    calls bigint,
    orders bigint,
    merged_into text,
    first_seen_at timestamptz NOT NULL,
    last_seen_at timestamptz NOT NULL,
    version bigint NOT NULL,
    PRIMARY KEY (tenant, lead_id)
);
COMMENT ON COLUMN leads.merged_into IS 'The lead that this one turned out to be: follow it.';
CREATE INDEX leads_phone ON leads (tenant, phone_hash);

CREATE TABLE conversations (
    tenant text NOT NULL,
    conversation_id text NOT NULL,
    status text NOT NULL,
    channel text,
    lead_id text,
    campaign text,
    entry_point text,
    started_at timestamptz NOT NULL,
    heard_at timestamptz NOT NULL,
    received bigint NOT NULL,
    sent bigint NOT NULL,
    calls bigint NOT NULL,
    intents jsonb NOT NULL,
    products jsonb NOT NULL,
    escalated_at timestamptz,
    escalated_because text,
    ended_at timestamptz,
    ended_by text,
    resolution jsonb NOT NULL,
    order_id text,
    version bigint NOT NULL,
    PRIMARY KEY (tenant, conversation_id)
);
CREATE INDEX conversations_lead ON conversations (tenant, lead_id, started_at) WHERE lead_id IS NOT NULL;

CREATE TABLE messages (
    tenant text NOT NULL,
    message_id text NOT NULL,
    direction text NOT NULL CHECK (direction IN ('in', 'out')),
    channel text NOT NULL,
    type text,
    text text,
    status text NOT NULL,
    provider_message_id text,
    lead_id text,
    conversation_id text,
    user_id text,
    phone text,
    phone_hash text,
    event_sequence bigint,
    occurred_at timestamptz NOT NULL,
    sent_at timestamptz,
    delivered_at timestamptz,
    read_at timestamptz,
    failed_at timestamptz,
    error text,
    data jsonb,
    version bigint NOT NULL,
    PRIMARY KEY (tenant, message_id)
);
COMMENT ON COLUMN messages.message_id IS 'Of what came in, the id that its sender gave it; of what went out, the delivery.';
CREATE INDEX messages_provider ON messages (tenant, provider_message_id);
CREATE INDEX messages_lead ON messages (tenant, lead_id, occurred_at) WHERE lead_id IS NOT NULL;
CREATE INDEX messages_phone ON messages (tenant, phone_hash, occurred_at);
CREATE INDEX messages_conversation ON messages (tenant, conversation_id, occurred_at) WHERE conversation_id IS NOT NULL;

CREATE TABLE calls (
    tenant text NOT NULL,
    call_id text NOT NULL,
    direction text,
    status text NOT NULL,
    finished boolean NOT NULL,
    lead_id text,
    conversation_id text,
    user_id text,
    phone_hash text,
    first_event_at timestamptz NOT NULL,
    started_at timestamptz,
    ended_at timestamptz,
    duration_seconds bigint,
    error text,
    data jsonb NOT NULL,
    version bigint NOT NULL,
    PRIMARY KEY (tenant, call_id)
);
CREATE INDEX calls_lead ON calls (tenant, lead_id, first_event_at) WHERE lead_id IS NOT NULL;
CREATE INDEX calls_phone ON calls (tenant, phone_hash, first_event_at);

CREATE TABLE reservations (
    tenant text NOT NULL,
    reservation_id text NOT NULL,
    status text NOT NULL,
    slot timestamptz NOT NULL,
    party_size integer,
    lead_id text,
    name text,
    phone text,
    phone_hash text,
    email text,
    restaurant text,
    intent text,
    locale text,
    notes text,
    no_show_at timestamptz,
    reminders jsonb NOT NULL,
    history jsonb NOT NULL,
    version bigint NOT NULL,
    PRIMARY KEY (tenant, reservation_id)
);
CREATE INDEX reservations_slot ON reservations (tenant, slot);
CREATE INDEX reservations_lead ON reservations (tenant, lead_id) WHERE lead_id IS NOT NULL;
CREATE INDEX reservations_phone ON reservations (tenant, phone_hash);

CREATE TABLE handoffs (
    tenant text NOT NULL,
    conversation_id text NOT NULL,
    status text NOT NULL,
    opened_at timestamptz NOT NULL,
    replied_at timestamptz,
    deadline timestamptz,
    breached_at timestamptz,
    lead_id text,
    phone text,
    phone_hash text,
    last_intent text,
    reason text,
    version bigint NOT NULL,
    PRIMARY KEY (tenant, conversation_id)
);
CREATE INDEX handoffs_opened ON handoffs (tenant, opened_at);
CREATE INDEX handoffs_lead ON handoffs (tenant, lead_id) WHERE lead_id IS NOT NULL;
CREATE INDEX handoffs_phone ON handoffs (tenant, phone_hash);
