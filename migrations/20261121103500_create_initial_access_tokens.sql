-- Who may register a client where not everybody may (RFC 7591 §3). Used up, ended or revoked, a row stays: it
-- says how often it was used.
create table initial_access_tokens (
    tenant_id    uuid        not null references tenants,
    token_id     uuid        not null,
    name         text        not null check (octet_length(name) between 1 and 1000),
    token_digest bytea       not null check (octet_length(token_digest) = 32),
    pepper_id    smallint    not null,
    -- Null: as often as it likes.
    max_uses     integer     check (max_uses > 0),
    uses         integer     not null check (uses >= 0),
    expires_at   timestamptz,
    revoked_at   timestamptz,
    created_at   timestamptz not null,
    primary key (tenant_id, token_id),
    constraint initial_access_tokens_digest_is_unique unique (tenant_id, token_digest),
    check (uses <= max_uses)
);

select isolate_tenant_table('initial_access_tokens');
