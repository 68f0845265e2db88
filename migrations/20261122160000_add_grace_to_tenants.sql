-- A tenant that is to be deleted serves nothing until then, and may be taken back: its state is `suspended`, which
-- the version before this one understands too, with the moment from which it may go and what it was before.
alter table tenants
    add column deleted_after         timestamptz,
    add column state_before_deletion text;
alter table tenants add constraint tenants_deletion_is_whole check (
    (deleted_after is null) = (state_before_deletion is null)
    and (state_before_deletion is null or state_before_deletion in ('active', 'suspended'))
    and (deleted_after is null or state <> 'active')) not valid;
