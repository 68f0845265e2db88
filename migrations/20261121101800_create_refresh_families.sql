-- One row per grant holds the live refresh token: there is no second leaf to fork. A token carries its
-- family and generation, so that an old one is recognised without a history of spent tokens.
--
-- Rotation is an update of unindexed columns; the free space keeps it on the row's own page.
create table refresh_families (
    tenant_id           uuid        not null,
    family_id           uuid        not null,
    grant_id            uuid        not null,
    generation          integer     not null check (generation >= 0),
    current_digest      bytea       not null check (octet_length(current_digest) = 32),
    pepper_id           smallint    not null,
    previous_digest     bytea       check (octet_length(previous_digest) = 32),
    previous_pepper_id  smallint,
    -- The current token, sealed under the previous one: an honest retry gets the same successor.
    sealed_successor    bytea       check (octet_length(sealed_successor) <= 1000),
    security_epoch      bigint      not null,
    created_at          timestamptz not null,
    -- Null while the first token lives.
    rotated_at          timestamptz,
    idle_expires_at     timestamptz not null,
    absolute_expires_at timestamptz not null,
    revoked_at          timestamptz,
    primary key (tenant_id, family_id),
    constraint refresh_families_grant_has_one unique (tenant_id, grant_id),
    foreign key (tenant_id, grant_id) references grants (tenant_id, grant_id) on delete cascade,
    check ((generation = 0) = (previous_digest is null)),
    check ((previous_digest is null) = (rotated_at is null)),
    check ((previous_digest is null) = (previous_pepper_id is null)),
    check ((previous_digest is null) = (sealed_successor is null))
) with (fillfactor = 70);
create index refresh_families_by_end on refresh_families (tenant_id, absolute_expires_at);

select isolate_tenant_table('refresh_families');
