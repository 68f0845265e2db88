-- no-transaction
-- Tokens that ended long ago, whichever way, are removed.
create index concurrently initial_access_tokens_by_end
    on initial_access_tokens (tenant_id, least(expires_at, revoked_at));
