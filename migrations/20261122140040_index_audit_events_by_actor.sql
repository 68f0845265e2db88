-- no-transaction
-- What one administrator, key or person did. Clients, who do most of it by far, are found by client_id.
--
-- An index of a partitioned table cannot be made concurrently: it is made of the parent alone, then of one
-- partition after the other, each in a transaction of its own, so that no more than one of them waits.
do $$
declare
    partition regclass;
    made      text;
begin
    create index if not exists audit_events_by_actor on only audit_events
        (tenant_id, actor_id, occurred_at, event_id) where actor_id is not null and actor_kind <> 'client';
    commit;
    for partition in
        select inhrelid::regclass from pg_inherits where inhparent = 'audit_events'::regclass order by 1
    loop
        made := partition::text || '_by_actor';
        execute format('create index if not exists %I on %s
            (tenant_id, actor_id, occurred_at, event_id) where actor_id is not null and actor_kind <> ''client''', made, partition);
        if not exists (select from pg_inherits where inhrelid = to_regclass(quote_ident(made))) then
            execute format('alter index audit_events_by_actor attach partition %I', made);
        end if;
        commit;
    end loop;
end
$$;
