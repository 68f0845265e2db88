-- Assertions that were used, until they end by themselves (RFC 7523 §3: a jti counts once). Names and ids come
-- from outside and have any length; their SHA-256 has one.
create table client_assertion_ids (
    tenant_id        uuid        not null references tenants,
    client_id_digest bytea       not null check (octet_length(client_id_digest) = 32),
    jti_digest       bytea       not null check (octet_length(jti_digest) = 32),
    expires_at       timestamptz not null,
    primary key (tenant_id, client_id_digest, jti_digest)
);
create index client_assertion_ids_by_end on client_assertion_ids (tenant_id, expires_at);

select isolate_tenant_table('client_assertion_ids');
