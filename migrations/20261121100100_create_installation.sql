-- One row for the whole installation. The security epoch is compared at every refresh: after a back-up
-- was restored, raising it voids the refresh tokens that the restore would bring back to life.
create table installation (
    is_singleton   boolean not null default true check (is_singleton),
    security_epoch bigint  not null default 1 check (security_epoch > 0),
    primary key (is_singleton)
);
insert into installation default values;

select open_platform_table('installation');
do $$
begin
    execute format('grant select on installation to %I', writ_role('writ.app_role', 'writ_app'));
end
$$;
