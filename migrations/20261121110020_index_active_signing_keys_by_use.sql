-- no-transaction
create unique index concurrently signing_keys_one_active_of_each
    on signing_keys (tenant_id, signs) where state = 'active';
