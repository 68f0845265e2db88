-- A token that is used up ended with its last use, and is removed like the others that ended. Null: not used
-- since there is this column.
alter table initial_access_tokens add column last_used_at timestamptz;
