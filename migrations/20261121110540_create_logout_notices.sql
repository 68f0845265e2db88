-- Which client is still to be told that which browser session has ended (OpenID Connect Back-Channel Logout).
-- A row goes when its client has been told, or when it could not be for six hours.
create table logout_notices (
    tenant_id  uuid        not null,
    session_id uuid        not null,
    client_key uuid        not null,
    -- Not a reference: somebody who was deleted has left all the same.
    user_id    uuid        not null,
    attempts   integer     not null default 0 check (attempts >= 0),
    due_at     timestamptz not null,
    created_at timestamptz not null,
    primary key (tenant_id, session_id, client_key),
    foreign key (tenant_id, client_key) references clients (tenant_id, client_key) on delete cascade
);
create index logout_notices_by_time on logout_notices (tenant_id, due_at);
create index logout_notices_of_a_client on logout_notices (tenant_id, client_key, session_id);
create index logout_notices_by_age on logout_notices (tenant_id, created_at);

select isolate_tenant_table('logout_notices');
