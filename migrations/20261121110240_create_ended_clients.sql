-- Clients that were deleted while access tokens of theirs could still live: the revocation feed names them.
-- Somebody else may be called so by now, so the moment of the deletion is part of what is said.
-- Rows are removed once nothing that names them is valid any more.
create table ended_clients (
    tenant_id   uuid        not null references tenants,
    client_id   text        not null check (octet_length(client_id) between 1 and 2048),
    ended_at    timestamptz not null,
    lives_until timestamptz not null,
    primary key (tenant_id, client_id)
);
create index ended_clients_by_end on ended_clients (tenant_id, lives_until);

select isolate_tenant_table('ended_clients');
