-- no-transaction
-- There is one at most, and it is found without reading the others.
create unique index concurrently tenants_one_is_system on tenants (is_system) where is_system;
