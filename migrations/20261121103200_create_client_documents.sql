-- The last good copy of a client's metadata document (Client ID Metadata Documents). What it says stands in
-- `clients` too, where it is read; this is what it was read from.
create table client_documents (
    tenant_id    uuid        not null,
    client_key   uuid        not null,
    document     text        not null check (octet_length(document) between 1 and 5120),
    fetched_at   timestamptz not null,
    expires_at   timestamptz not null,
    -- Over what people's consents rest on: redirect URIs, method, the place of the keys.
    guard_digest bytea       not null check (octet_length(guard_digest) = 32),
    primary key (tenant_id, client_key),
    foreign key (tenant_id, client_key) references clients (tenant_id, client_key) on delete cascade
);
-- Documents that led to no grant are removed, the one not fetched for longest first.
create index client_documents_by_age on client_documents (tenant_id, fetched_at);

select isolate_tenant_table('client_documents');
