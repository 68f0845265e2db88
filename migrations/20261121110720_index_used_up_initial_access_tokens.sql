-- no-transaction
-- Those that are used up, the longest first.
create index concurrently initial_access_tokens_used_up
    on initial_access_tokens (tenant_id, greatest(last_used_at, created_at)) where uses >= max_uses;
