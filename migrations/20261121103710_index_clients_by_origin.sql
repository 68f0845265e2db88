-- no-transaction
-- Operators look for the few clients that they entered among the many that registered themselves.
create index concurrently clients_by_origin on clients (tenant_id, origin, client_key);
