-- Who administers what: a person of the system tenant, and a tenant or (null) the platform.
create table memberships (
    membership_id  uuid        not null,
    tenant_id      uuid        references tenants,
    -- The person: of the system tenant, which is not the tenant that they administer.
    user_tenant_id uuid        not null,
    user_id        uuid        not null,
    role           text        not null check (role in ('administrator', 'auditor')),
    created_at     timestamptz not null,
    primary key (membership_id),
    constraint memberships_are_unique unique nulls not distinct (user_tenant_id, user_id, tenant_id),
    constraint memberships_have_a_user foreign key (user_tenant_id, user_id) references users on delete cascade
);
create index memberships_of_a_tenant on memberships (tenant_id, membership_id);

select open_table_to_its_tenants('memberships');
