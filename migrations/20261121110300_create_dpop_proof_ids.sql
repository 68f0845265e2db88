-- DPoP proofs that were used, until they are too old by themselves (RFC 9449 §11.1: a jti counts once). The
-- digest is SHA-256 of the key's thumbprint and the jti: a jti is the word of whoever holds the key.
create table dpop_proof_ids (
    tenant_id    uuid        not null references tenants,
    proof_digest bytea       not null check (octet_length(proof_digest) = 32),
    expires_at   timestamptz not null,
    primary key (tenant_id, proof_digest)
);
create index dpop_proof_ids_by_end on dpop_proof_ids (tenant_id, expires_at);

select isolate_tenant_table('dpop_proof_ids');
