-- Secrets of confidential clients; two may live at once, so that they can be exchanged without a gap.
-- Generated ones are digests under a server pepper, chosen ones argon2id hashes.
create table client_secrets (
    tenant_id     uuid        not null,
    client_key    uuid        not null,
    credential_id uuid        not null,
    secret_digest bytea       check (octet_length(secret_digest) = 32),
    pepper_id     smallint,
    secret_hash   text,
    created_at    timestamptz not null,
    expires_at    timestamptz,
    primary key (tenant_id, client_key, credential_id),
    foreign key (tenant_id, client_key) references clients (tenant_id, client_key) on delete cascade,
    check ((secret_digest is null) = (pepper_id is null)),
    check ((secret_digest is null) <> (secret_hash is null))
);

select isolate_tenant_table('client_secrets');
