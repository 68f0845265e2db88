alter table tenants validate constraint tenants_deletion_is_whole;
