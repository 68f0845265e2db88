-- What a key may do: kinds of things, to read or to write. Null where the version before made the key: then
-- `access` says it. That version goes by `access`, which is kept in step until a later one drops it; it does not know
-- `scoped`, and so refuses what it cannot judge.
alter table admin_keys
    add column scopes       text[],
    -- The key that this one took the place of.
    add column rotated_from uuid,
    drop constraint admin_keys_access_check,
    add constraint admin_keys_access_is_known check (access in ('read', 'write', 'scoped')) not valid,
    add constraint admin_keys_scopes_are_some check (cardinality(scopes) between 1 and 50) not valid;

update admin_keys set scopes = case access when 'write' then array['*:write'] else array['*:read'] end;
