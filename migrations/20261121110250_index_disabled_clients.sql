-- no-transaction
-- The revocation feed names the clients that were disabled of late.
create index concurrently clients_disabled on clients (tenant_id, updated_at) where not is_enabled;
