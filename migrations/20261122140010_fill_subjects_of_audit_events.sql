-- no-transaction
-- Events from before the columns. One partition after the other, each in a transaction of its own.
do $$
declare
    partition regclass;
    is_uuid   constant text := '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$';
begin
    for partition in
        select inhrelid::regclass from pg_inherits where inhparent = 'audit_events'::regclass order by 1
    loop
        execute format($fill$
            update %s set
                user_id = case when target_kind = 'user' and target_id ~ %2$L then target_id::uuid
                               when actor_kind = 'user' and actor_id ~ %2$L then actor_id::uuid
                               when details ->> 'user_id' ~ %2$L then (details ->> 'user_id')::uuid end,
                client_id = case when actor_kind = 'client' then actor_id
                                 when target_kind = 'client' then target_id
                                 when octet_length(details ->> 'client_id') <= 2048 then details ->> 'client_id' end
            where user_id is null and client_id is null$fill$, partition, is_uuid);
        commit;
    end loop;
end
$$;
