//! Thousands of rows in every table, of fifty tenants, and statistics about them.

use crate::tests::support::World;

/// One of the fifty.
pub(super) const TENANT: &str = "00000000-0000-0000-0000-000000000007";

/// Ids are `md5` of table, tenant and number, so that rows find one another.
const FILL: &str = "
create function id(kind text, tenant bigint, number bigint) returns uuid language sql immutable
    as $$ select md5(kind || '/' || tenant || '/' || number)::uuid $$;
create function tenant(tenant bigint) returns uuid language sql immutable
    as $$ select ('00000000-0000-0000-0000-' || lpad(tenant::text, 12, '0'))::uuid $$;
create function digest(kind text, tenant bigint, number bigint) returns bytea language sql immutable
    as $$ select sha256((kind || '/' || tenant || '/' || number)::bytea) $$;
create function moment(seconds bigint) returns timestamptz language sql immutable
    as $$ select timestamptz 'epoch' + interval '1 second' * (1800000000 + seconds) $$;
create temporary table t as select generate_series(1, 50) as tenant;
create temporary table n as select tenant, number from t, generate_series(1, 100) as number;

insert into tenants
select tenant(tenant), 'slug-' || tenant, 'x', 'https://h/' || tenant, 'h', '/t/' || tenant, 'active', 'open',
    900, 1, 1, 1, 1, '{}', moment(tenant), moment(tenant) from t;
insert into tenants
select tenant(tenant), 'slug-' || tenant, 'x', 'https://h/' || tenant, 'h' || tenant, '/t/' || tenant, 'active', 'open',
    900, 1, 1, 1, 1, '{}', moment(tenant), moment(tenant) from generate_series(51, 5000) as tenant;
insert into issuer_hosts select id('ih', tenant, number), 'h' || tenant || '-' || number, 'slug-' || tenant,
    repeat('x', 43), moment(number), moment(number * 100), case when number % 2 = 0 then moment(number) end from n;
insert into admin_keys select id('ak', tenant, number), case when number % 2 = 0 then tenant(tenant) end, 'x',
    digest('ak', tenant, number), 1, 'read', moment(number) from n;
update admin_keys set scopes = '{*:read}';
insert into due_work select tenant(tenant), case when tenant % 2 = 0 then 'sweep' else 'other' end, moment(tenant), 0,
    moment(0) from generate_series(1, 5000) as tenant;
insert into revocations select tenant(tenant), case when number % 2 = 0 then 'grant' else 'access_token' end,
    id('rev', tenant, number), moment(0), moment(number * 100) from n;
insert into resources (tenant_id, resource_id, audience, name, created_at, updated_at)
select tenant(tenant), id('r', tenant, number), 'a' || number, 'x', moment(number), moment(number) from n;
insert into resource_identifiers select tenant(tenant), 'i' || number, 'i' || number, id('r', tenant, number), 0 from n;
insert into resource_scopes select tenant(tenant), id('r', tenant, number), 's' || s, 'x', true, s
from n, generate_series(1, 3) as s;
insert into resource_tools select tenant(tenant), id('r', tenant, number), null, '[]', moment(0), null, null from n;
insert into resource_credentials (tenant_id, credential_id, resource_id, client_id, secret_hash, created_at)
select tenant(tenant), id('rc', tenant, number), id('r', tenant, number), 'c' || number, 'x', moment(0) from n;
insert into clients (tenant_id, client_key, client_id, origin, redirect_uris, grant_types, auth_method,
    application_type, is_limited_to_listed_resources, is_enabled, self_description, created_at, updated_at)
select tenant(tenant), id('c', tenant, number), 'c' || number,
    (array['registered', 'static', 'document'])[1 + number % 3], '{}', '{}', 'none', 'web', false, true, '{}',
    moment(number), moment(number) from n;
insert into client_secrets (tenant_id, client_key, credential_id, secret_hash, created_at)
select tenant(tenant), id('c', tenant, number), id('cs', tenant, number), 'x', moment(0) from n;
insert into client_documents select tenant(tenant), id('c', tenant, number), 'x', moment(number * 100), moment(0),
    digest('cd', tenant, number) from n;
insert into client_assertion_ids select tenant(tenant), digest('ca', tenant, number % 10), digest('j', tenant, number),
    moment(number * 100) from n;
insert into dpop_proof_ids select tenant(tenant), digest('dp', tenant, number), moment(number * 100) from n;
insert into idempotent_answers select tenant(tenant), 'key:' || number % 10, digest('ik', tenant, number),
    digest('if', tenant, number), 'x', moment(number * 100) from n;
insert into platform_idempotent_answers select 'key:' || number % 10, digest('ik', tenant, number),
    digest('if', tenant, number), 'x', moment(number * 100) from n;
insert into initial_access_tokens (tenant_id, token_id, name, token_digest, pepper_id, uses, max_uses, created_at)
select tenant(tenant), id('it', tenant, number), 'x', digest('it', tenant, number), 1, 1, 1 + number % 2,
    moment(number * 100) from n;
insert into refused_resource_indicators select tenant(tenant), id('ri', tenant, number), digest('ri', tenant, number), 'x',
    'x', 1, moment(0), moment(number * 100) from n;
insert into client_resources select tenant(tenant), id('c', tenant, number), id('r', tenant, number) from n;
insert into users (tenant_id, user_id, username, folded_username, is_enabled, created_at, updated_at)
select tenant(tenant), id('u', tenant, number), 'u' || number, 'u' || number, true, moment(0), moment(0) from n;
insert into memberships select id('m', tenant, number), case when number % 2 = 0 then tenant(tenant) end, tenant(tenant),
    id('u', tenant, number), 'auditor', moment(number) from n;
insert into groups select tenant(tenant), 'g' || number, null, null, moment(0), moment(0)
from t, generate_series(1, 1000) as number;
insert into group_members select tenant(tenant), id('u', tenant, number), 'g' || number, moment(0) from n;
insert into tenant_quotas select tenant(tenant), kind, 1000, moment(0)
from generate_series(1, 5000) as tenant, unnest(array['users', 'clients', 'resources', 'sessions']) as kind;
insert into tenant_usage select tenant(tenant), kind, slot, 1 from generate_series(1, 5000) as tenant,
    unnest(array['users', 'clients', 'resources', 'sessions', 'users:bcrypt:10']) as kind,
    generate_series(100, 103) as slot;
insert into browser_sessions select tenant(tenant), id('s', tenant, number), digest('s', tenant, number), 1,
    id('u', tenant, number), moment(0), moment(0), moment(number * 100) from n;
insert into policy_versions (tenant_id, version, policies, author_kind, created_at)
select tenant(tenant), number, 'x', 'x', moment(0) from n;
insert into guard_rail_versions (version, policies, author_kind, created_at)
select number, 'x', 'x', moment(0) from generate_series(1, 5000) as number;
insert into decisions select tenant(tenant), id('dn', tenant, number), 'e' || number, moment(number * 100), 'issue', 'denied',
    id('u', tenant, number), 'c' || number, 1, '{}', '[]' from n;
insert into consents select tenant(tenant), id('u', tenant, number), id('c', tenant, number), id('r', tenant, number),
    'https://x', '{}', moment(0), moment(0) from n;
insert into grants select tenant(tenant), id('g', tenant, number), id('u', tenant, number), id('c', tenant, number),
    '{}', '{}', moment(0), moment(number * 100) from n;
insert into authorization_codes select tenant(tenant), digest('ac', tenant, number), 1, id('g', tenant, number),
    id('c', tenant, number), id('p', tenant, number), 'x', true, 'x', moment(0), moment(number * 100) from n;
insert into device_authorizations (tenant_id, pending_id, client_key, device_code_digest, user_code_digest, pepper_id,
    scopes, resource_ids, requested_from, state, grant_id, poll_interval, created_at, expires_at, decided_at, forget_at)
select tenant(tenant), id('dv', tenant, number), id('c', tenant, number), digest('dc', tenant, number),
    digest('uc', tenant, number), 1, '{}', '{}', '192.0.2.7', case number % 2 when 0 then 'pending' else 'approved' end,
    case number % 2 when 1 then id('g', tenant, number) end, 5, moment(0), moment(number * 100),
    case number % 2 when 1 then moment(0) end, moment(number * 100) from n;
update grants set session_id = id('s', n.tenant, n.number) from n
where grants.tenant_id = tenant(n.tenant) and grants.grant_id = id('g', n.tenant, n.number);
insert into logout_notices select tenant(tenant), id('s', tenant, number), id('c', tenant, number), id('u', tenant, number),
    0, moment(number * 100), moment(number * 100) from n;
insert into refresh_families (tenant_id, family_id, grant_id, generation, current_digest, pepper_id, security_epoch,
    created_at, idle_expires_at, absolute_expires_at)
select tenant(tenant), id('f', tenant, number), id('g', tenant, number), 0, digest('f', tenant, number), 1, 1,
    moment(0), moment(1), moment(number * 100) from n;
insert into signing_keys select tenant(tenant), 'k' || s, 'RS256', case s when 1 then 'active' when 2 then 'next'
    else 'retired' end, '{}', '', 'x' || tenant, moment(s), case when s <> 2 then moment(s) end,
    case when s > 2 then moment(s) end from generate_series(1, 1500) as tenant, generate_series(1, 4) as s;
insert into signing_key_sightings select tenant(tenant), id('r', tenant, number), 'k1', moment(0) from n;
insert into audit_events select tenant(tenant), moment(number * 10000), id('e', tenant, number), 'x.y', 'user', null, null,
    null, null, null, '{}' from n;
insert into audit_events select tenant(tenant), moment(number * 10000), id('te', tenant, number),
    case number % 4 when 0 then 'refresh_token.stale' else 'x.y' end, 'client', 'c' || number, 'grant',
    id('g', tenant, number)::text, null, null, '{}' from n;
update audit_events set user_id = event_id, client_id = actor_id, request_id = event_id::text;
insert into webhooks (tenant_id, webhook_id, name, url, event_types, state, sealed_secret, kek_id, created_at, updated_at)
select tenant(tenant), id('w', tenant, number), 'x' || number, 'x', '{*}', (array['active', 'disabled', 'deleted'])[1 + number % 3],
    '', 'x', moment(0), moment(0) from t, generate_series(1, 20) as number;
insert into webhook_deliveries select tenant(tenant), id('w', tenant, 1 + number % 20), id('we', tenant, number),
    moment(number * 100), 'x.y', (array['pending', 'delivered', 'failed'])[1 + number % 3], 0, moment(number * 100)
from t, generate_series(1, 400) as number;
insert into audit_erasures select tenant(tenant), id('u', tenant, number), moment(number) from n;
insert into ended_audiences select tenant(tenant), 'https://gone/' || number, moment(0), moment(number * 100) from n;
insert into ended_clients select tenant(tenant), 'gone-' || number, moment(0), moment(number * 100) from n;
insert into platform_audit_events select moment(number * 10000), id('pe', tenant, number), null, 'x.y', 'user', null, null,
    null, null, null, '{}' from n;
select ensure_audit_partition(moment(0));
drop table t, n;
drop function id, tenant, digest, moment;
analyze;
";

pub(super) async fn fill(world: &World) {
    world.db_execute(FILL).await;
}
