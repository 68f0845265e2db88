-- What must be done later, for whom: the one place that work across tenants is found in, so that no job
-- walks all tenants. Claimed with `for update skip locked`: claiming moves due_at ahead by a lease, and
-- a worker that dies leaves the row to be claimed again.
create table due_work (
    tenant_id  uuid        not null references tenants,
    kind       text        not null check (octet_length(kind) between 1 and 100),
    due_at     timestamptz not null,
    attempts   integer     not null default 0,
    created_at timestamptz not null,
    primary key (tenant_id, kind)
);
create index due_work_by_time on due_work (kind, due_at);

select isolate_shared_table('due_work');
