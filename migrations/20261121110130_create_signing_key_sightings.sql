-- Which resource was shown which signing key at the JWKS URL of its own, and since when. Goes with either.
create table signing_key_sightings (
    tenant_id     uuid        not null,
    resource_id   uuid        not null,
    kid           text        not null,
    first_seen_at timestamptz not null,
    primary key (tenant_id, resource_id, kid),
    foreign key (tenant_id, resource_id) references resources (tenant_id, resource_id) on delete cascade,
    foreign key (tenant_id, kid) references signing_keys (tenant_id, kid) on delete cascade
);
create index signing_key_sightings_of_a_key on signing_key_sightings (tenant_id, kid);

select isolate_tenant_table('signing_key_sightings');
