-- Codes live for a minute and are redeemed once; only their digest is kept. Rows outlive the code, so
-- that a replay is recognised and a pending authorization cannot be answered twice.
create table authorization_codes (
    tenant_id             uuid        not null,
    code_digest           bytea       not null check (octet_length(code_digest) = 32),
    pepper_id             smallint    not null,
    grant_id              uuid        not null,
    client_key            uuid        not null,
    pending_id            uuid        not null,
    redirect_uri          text        not null,
    redirect_uri_was_sent boolean     not null,
    code_challenge        text        not null,
    created_at            timestamptz not null,
    expires_at            timestamptz not null,
    redeemed_at           timestamptz,
    primary key (tenant_id, code_digest),
    constraint authorization_codes_pending_is_answered_once unique (tenant_id, pending_id),
    foreign key (tenant_id, grant_id)   references grants  (tenant_id, grant_id)   on delete cascade,
    foreign key (tenant_id, client_key) references clients (tenant_id, client_key) on delete cascade
);
create index authorization_codes_of_a_grant on authorization_codes (tenant_id, grant_id);
create index authorization_codes_of_a_client on authorization_codes (tenant_id, client_key);
create index authorization_codes_by_end on authorization_codes (tenant_id, expires_at);

select isolate_tenant_table('authorization_codes');
