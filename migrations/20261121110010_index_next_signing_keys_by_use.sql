-- no-transaction
-- One next key of each use at most: two replicas that make one at once get one.
create unique index concurrently signing_keys_one_next_of_each on signing_keys (tenant_id, signs) where state = 'next';
