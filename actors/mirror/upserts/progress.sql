-- How far each tenant is; less than before too, where a server's data was put back from an older copy.
INSERT INTO progress (tenant, events, at)
SELECT tenant, events, now()
FROM jsonb_to_recordset($1::text::jsonb) AS row (tenant text, events bigint)
ON CONFLICT (tenant) DO UPDATE SET events = excluded.events, at = excluded.at
