-- no-transaction
-- Who is told when a session ends.
create index concurrently grants_of_a_session on grants (tenant_id, session_id, grant_id);
