-- no-transaction
-- The filter of the list by what a client calls itself.
create index concurrently clients_by_name on clients (tenant_id, name, client_key);
