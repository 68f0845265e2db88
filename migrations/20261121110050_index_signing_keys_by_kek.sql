-- no-transaction
-- Which key-encryption keys are in use, and by whom: a few steps along this index, however many tenants there are.
create index concurrently signing_keys_by_kek on signing_keys (kek_id, tenant_id, kid);
