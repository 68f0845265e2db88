-- no-transaction
-- The revocation feed of one tenant: what lives longest first.
create index concurrently revocations_of_a_tenant on revocations (tenant_id, lives_until, kind, revoked_id);
