-- Who has a handoff or holds a conversation, and its place in the row. What stood here before says so from its next
-- change on.
ALTER TABLE handoffs
    ADD COLUMN IF NOT EXISTS claimed_by text,
    ADD COLUMN IF NOT EXISTS claimed_at timestamptz,
    ADD COLUMN IF NOT EXISTS priority text,
    ADD COLUMN IF NOT EXISTS snoozed_until timestamptz,
    ADD COLUMN IF NOT EXISTS closed_at timestamptz;
ALTER TABLE conversations
    ADD COLUMN IF NOT EXISTS held_by text,
    ADD COLUMN IF NOT EXISTS held_at timestamptz;
