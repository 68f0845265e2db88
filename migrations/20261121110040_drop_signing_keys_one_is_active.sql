-- no-transaction
drop index concurrently if exists signing_keys_one_is_active;
