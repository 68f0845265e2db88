-- no-transaction
-- How long the oldest key has been signing.
create index concurrently signing_keys_by_activation on signing_keys (activated_at) where state = 'active';
