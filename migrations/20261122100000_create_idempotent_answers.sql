-- Answers to calls that may come again (Idempotency-Key), for a day, sealed under the caller's own credential. By who
-- called and by the digest of the key that they chose; the fingerprint is the digest of all that was asked for.
create table idempotent_answers (
    tenant_id     uuid        not null references tenants,
    caller        text        not null check (char_length(caller) between 1 and 200),
    key_digest    bytea       not null check (octet_length(key_digest) = 32),
    fingerprint   bytea       not null check (octet_length(fingerprint) = 32),
    sealed_answer bytea       not null,
    expires_at    timestamptz not null,
    primary key (tenant_id, caller, key_digest)
);
create index idempotent_answers_by_end on idempotent_answers (tenant_id, expires_at);

select isolate_tenant_table('idempotent_answers');

-- Those of calls that are about no tenant, or about a tenant as a whole.
create table platform_idempotent_answers (
    caller        text        not null check (char_length(caller) between 1 and 200),
    key_digest    bytea       not null check (octet_length(key_digest) = 32),
    fingerprint   bytea       not null check (octet_length(fingerprint) = 32),
    sealed_answer bytea       not null,
    expires_at    timestamptz not null,
    primary key (caller, key_digest)
);
create index platform_idempotent_answers_by_end on platform_idempotent_answers (expires_at);

select open_platform_table('platform_idempotent_answers');
