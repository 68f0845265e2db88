-- Who is signed in in which browser. The cookie holds the secret, this row its digest.
create table browser_sessions (
    tenant_id        uuid        not null,
    session_id       uuid        not null,
    session_digest   bytea       not null check (octet_length(session_digest) = 32),
    pepper_id        smallint    not null,
    user_id          uuid        not null,
    authenticated_at timestamptz not null,
    created_at       timestamptz not null,
    expires_at       timestamptz not null,
    primary key (tenant_id, session_id),
    constraint browser_sessions_digest_is_unique unique (tenant_id, session_digest),
    foreign key (tenant_id, user_id) references users (tenant_id, user_id) on delete cascade
);
create index browser_sessions_of_a_user on browser_sessions (tenant_id, user_id, session_id);
create index browser_sessions_by_end on browser_sessions (tenant_id, expires_at);

select isolate_tenant_table('browser_sessions');
