-- Groups of people: what policies ask for. A group is known by its name, in policies as here, and the name never
-- changes: a policy that forbids would stop to do so without a word.
create table groups (
    tenant_id    uuid        not null references tenants,
    name         text collate "C" not null check (name ~ '^[a-z0-9][a-z0-9._:@-]*$' and octet_length(name) <= 100),
    display_name text        check (octet_length(display_name) between 1 and 1000),
    description  text        check (octet_length(description) between 1 and 4000),
    created_at   timestamptz not null,
    updated_at   timestamptz not null,
    primary key (tenant_id, name)
);

select isolate_tenant_table('groups');

-- Who is in which. Read by the person wherever a policy decides about one, so the person comes first.
create table group_members (
    tenant_id  uuid        not null,
    user_id    uuid        not null,
    group_name text collate "C" not null,
    created_at timestamptz not null,
    primary key (tenant_id, user_id, group_name),
    foreign key (tenant_id, user_id)    references users  (tenant_id, user_id) on delete cascade,
    foreign key (tenant_id, group_name) references groups (tenant_id, name)    on delete cascade
);
create index members_of_a_group on group_members (tenant_id, group_name, user_id);

select isolate_tenant_table('group_members');
