-- Grants and single access tokens that were revoked while an access token of theirs could still live.
-- Written in the transaction that revokes; every replica loads the table when it starts to listen.
-- Rows are removed once nothing that names them is valid any more.
create table revocations (
    tenant_id   uuid        not null references tenants,
    kind        text        not null check (kind in ('grant', 'access_token')),
    -- The grant's id, or the access token's jti.
    revoked_id  uuid        not null,
    revoked_at  timestamptz not null,
    lives_until timestamptz not null,
    primary key (tenant_id, kind, revoked_id)
);
create index revocations_by_end on revocations (lives_until);


select isolate_shared_table('revocations');
