-- Whom and which client an event is about, or by: what events are looked for by. Taken from actor, target and
-- details when the event is written; columns, since row security keeps expressions from using an index.
alter table audit_events add column user_id uuid;
alter table audit_events add column client_id text check (octet_length(client_id) <= 2048);
