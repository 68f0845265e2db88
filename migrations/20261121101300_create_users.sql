-- People. Search keys are stored folded (NFKC and case) and compared with `=`: a function around the
-- column would keep row security from using the index.
create table users (
    tenant_id           uuid        not null references tenants,
    user_id             uuid        not null,
    username            text        not null check (octet_length(username) between 1 and 1000),
    folded_username     text        not null check (octet_length(folded_username) between 1 and 2000),
    email               text        check (octet_length(email) between 1 and 1000),
    folded_email        text        check (octet_length(folded_email) between 1 and 2000),
    name                text        check (octet_length(name) between 1 and 1000),
    -- Null: cannot sign in with a password.
    password_hash       text,
    password_changed_at timestamptz,
    is_enabled          boolean     not null,
    created_at          timestamptz not null,
    updated_at          timestamptz not null,
    primary key (tenant_id, user_id),
    constraint users_username_is_unique unique (tenant_id, folded_username),
    check ((email is null) = (folded_email is null)),
    check ((password_hash is null) = (password_changed_at is null))
);
create index users_by_email on users (tenant_id, folded_email);

select isolate_tenant_table('users');
