-- The one tenant whose users administer the installation. A mark and not the slug: somebody may have called a tenant
-- `system` before that word was taken.
alter table tenants add column is_system boolean not null default false;
