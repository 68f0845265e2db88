-- no-transaction
-- Keys that ended are removed when no audit event names them any more.
create index concurrently admin_keys_by_end on admin_keys (least(expires_at, revoked_at));
