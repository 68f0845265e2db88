//! Tenant isolation over HTTP (docs/architecture.md): what the owner of one tenant reaches of another.
//!
//! `leaks` tries every operation of the document with every id of the other tenant. It must find nothing,
//! also when only row security or only the statements keep tenants apart; and it must find something
//! when both are gone, or when the key itself is let in: otherwise the suite would prove nothing.

use serde_json::json;

use super::document::{Document, Operation};
use super::things::Things;
use super::{is_problem, is_problem_of};
use crate::harness::{Answer, TestApp};

struct TwoTenants {
    app: TestApp,
    document: Document,
    acme: Things,
    globex: Things,
}

impl TwoTenants {
    async fn new() -> Self {
        let app = TestApp::start_with_administrators().await;
        let document = Document::of(&app).await;
        let acme = Things::in_tenant(&app, "acme").await;
        let globex = Things::in_tenant(&app, "globex").await;
        Self {
            app,
            document,
            acme,
            globex,
        }
    }

    /// What Acme's owner key reads or changes of Globex, each as `operation: what`.
    async fn leaks(&self) -> Vec<String> {
        let mut leaks = Vec::new();
        let mut before = self.rows_of_globex().await;
        for operation in self.document.operations() {
            leaks.extend(
                self.leaks_of(&operation)
                    .await
                    .into_iter()
                    .map(|leak| format!("{}: {leak}", operation.id)),
            );
            let after = self.rows_of_globex().await;
            if after != before {
                leaks.push(format!(
                    "{}: it changed rows of the other tenant",
                    operation.id
                ));
            }
            before = after;
        }
        leaks
    }

    async fn leaks_of(&self, operation: &Operation) -> Vec<String> {
        let mut leaks = Vec::new();
        let body = self.acme.body_of(operation, 1);
        for (path, expected) in self.foreign_paths(operation) {
            let answer = self
                .acme
                .owner
                .call(operation.method.clone(), &path, body.as_ref())
                .await;
            if answer.status.as_u16() != expected {
                leaks.push(format!("{path} was answered with {}", answer.status));
            }
            leaks.extend(self.named_in(&answer));
        }
        if operation.is_in_tenant() && operation.takes_query("limit") {
            let answer = self
                .acme
                .call(&self.acme.owner, operation, 1)
                .await
                .expect_status(200);
            leaks.extend(self.named_in(&answer));
        }
        leaks
    }

    /// Paths to things of Globex: in its own place, and as if they were Acme's.
    fn foreign_paths(&self, operation: &Operation) -> Vec<(String, u16)> {
        let (acme, globex) = (&self.acme, &self.globex);
        let own_place = globex.path_of(operation);
        if operation.is_for_platform_keys() {
            return vec![(own_place, 403)];
        }
        let mut paths = vec![(own_place, 404)];
        if operation.kind().is_some() {
            for id in globex.ids() {
                for second_id in [
                    acme.second_id_for(operation),
                    globex.second_id_for(operation),
                ] {
                    paths.push((acme.path_with(operation, id, second_id), 404));
                }
            }
        }
        if operation.has_two_ids() {
            let (own, foreign) = (acme.id_for(operation), globex.second_id_for(operation));
            paths.push((acme.path_with(operation, own, foreign), 404));
        }
        paths
    }

    /// Ids of Globex that an answer gives away. A refusal may repeat what it was asked for.
    fn named_in(&self, answer: &Answer) -> Option<String> {
        let ids = self.globex.ids();
        let named = ids
            .iter()
            .find(|id| answer.status.is_success() && answer.body.contains(**id));
        named.map(|id| format!("{id} was in the answer"))
    }

    async fn rows_of_globex(&self) -> crate::harness::Rows {
        self.app.database().db_rows_of(&self.globex.tenant_id).await
    }
}

/// N2: an owner's key finds nothing of another tenant, whatever the operation and the id, and changes nothing.
#[tokio::test]
async fn an_owner_finds_nothing_of_another_tenant() {
    let tenants = TwoTenants::new().await;
    assert_eq!(tenants.leaks().await, Vec::<String>::new());
}

/// N2: an id of another tenant inside of a body is as unknown as one that nobody has.
#[tokio::test]
async fn an_id_of_another_tenant_in_a_body_is_unknown() {
    let TwoTenants {
        app, acme, globex, ..
    } = TwoTenants::new().await;
    let before = app.database().db_rows_of(&globex.tenant_id).await;
    let clients = acme.tenant.path("/clients");
    let client = acme.tenant.path(&format!("/clients/{}", acme.client));
    let foreign = [
        globex.resource.clone(),
        globex.tenant.resource.identifier.clone(),
    ];
    for id in &foreign {
        let limited =
            json!({ "redirect_uris": ["https://made.example/callback"], "resources": [id] });
        is_problem_of(
            &acme.owner.post(&clients, &limited).await,
            400,
            "invalid-value",
            "resources[0]",
        );
        let default =
            json!({ "redirect_uris": ["https://made.example/callback"], "default_resource": id });
        is_problem_of(
            &acme.owner.post(&clients, &default).await,
            400,
            "invalid-value",
            "default_resource",
        );
        let changes = json!({ "resources": [id] });
        is_problem_of(
            &acme.owner.patch(&client, &changes).await,
            400,
            "invalid-value",
            "resources[0]",
        );
        let changes = json!({ "default_resource": id });
        is_problem_of(
            &acme.owner.patch(&client, &changes).await,
            400,
            "invalid-value",
            "default_resource",
        );
    }
    let accept = format!("/refused-resources/{}/accept", acme.acceptable_resource);
    let body = json!({ "resource_id": globex.resource });
    let answer = acme.owner.post(&acme.tenant.path(&accept), &body).await;
    is_problem_of(&answer, 400, "invalid-value", "resource_id");
    let changes = json!({ "default_resource": globex.resource });
    let answer = acme.owner.patch(&acme.tenant.path(""), &changes).await;
    is_problem_of(&answer, 400, "invalid-value", "default_resource");
    assert_eq!(app.database().db_rows_of(&globex.tenant_id).await, before);
}

/// O3: the same names live in two tenants side by side.
#[tokio::test]
async fn the_same_names_are_free_in_another_tenant() {
    let tenants = TwoTenants::new().await;
    let (acme, globex) = (&tenants.acme, &tenants.globex);
    for things in [acme, globex] {
        let path = |below: &str| things.tenant.path(below);
        things
            .owner
            .create(
                &path("/users"),
                &json!({ "username": "dora", "password": "a password" }),
            )
            .await;
        let resource = json!({ "identifier": "https://same.test/mcp", "name": "Same" });
        things.owner.create(&path("/resources"), &resource).await;
        let client =
            json!({ "client_id": "same", "redirect_uris": ["https://same.example/callback"] });
        things.owner.create(&path("/clients"), &client).await;
        let credentials = path(&format!("/resources/{}/credentials", things.resource));
        things
            .owner
            .create(&credentials, &json!({ "client_id": "same-server" }))
            .await;
    }
    acme.owner
        .delete(&acme.tenant.path("/clients/same"))
        .await
        .expect_status(204);
    is_problem(
        &acme.owner.get(&acme.tenant.path("/clients/same")).await,
        404,
        "not-found",
    );
    globex
        .owner
        .get(&globex.tenant.path("/clients/same"))
        .await
        .expect_status(200);
}

/// Every statement finds its own tenant in `tenant_id`, whoever the row belongs to: as if each had
/// forgotten to ask. Row security is as it was.
const FORGETFUL_STATEMENTS: &str = "do $$
declare
    kept record;
    others text;
begin
    for kept in
        select t.oid, t.relname as name from pg_class t join pg_attribute a on a.attrelid = t.oid
        where a.attname = 'tenant_id' and t.relkind in ('r', 'p') and not t.relispartition
          and t.relnamespace = 'public'::regnamespace and t.relrowsecurity
          and has_table_privilege('writ_app', t.oid, 'select')
    loop
        select string_agg(quote_ident(attname), ', ') into others from pg_attribute
        where attrelid = kept.oid and attnum > 0 and not attisdropped and attname <> 'tenant_id';
        execute format('alter table %I rename to %I', kept.name, 'kept_' || kept.name);
        execute format('create view %I with (security_invoker = true) as
            select coalesce(nullif(current_setting(''app.tenant_id'', true), '''')::uuid, tenant_id) as tenant_id, %s from %I',
            kept.name, others, 'kept_' || kept.name);
        execute format('grant select, insert, update, delete on %I to writ_app', kept.name);
        -- What stands above tenants as well goes on doing so.
        if has_table_privilege('writ_platform', kept.oid, 'select') then
            execute format('grant select, insert, update, delete on %I to writ_platform', kept.name);
        end if;
    end loop;
end
$$";

const NO_ROW_SECURITY: &str = "do $$
declare
    open record;
begin
    for open in select oid::regclass as name from pg_class where relrowsecurity and relkind in ('r', 'p') loop
        execute format('alter table %s disable row level security', open.name);
    end loop;
end
$$";

/// O4: with statements that forget the tenant, row security alone keeps tenants apart.
#[tokio::test]
async fn row_security_alone_keeps_owners_apart() {
    let tenants = TwoTenants::new().await;
    tenants
        .app
        .database()
        .db_execute(FORGETFUL_STATEMENTS)
        .await;
    assert_eq!(tenants.leaks().await, Vec::<String>::new());
}

/// O4: without row security, statements that name the tenant keep tenants apart.
#[tokio::test]
async fn the_statements_alone_keep_owners_apart() {
    let tenants = TwoTenants::new().await;
    tenants.app.database().db_execute(NO_ROW_SECURITY).await;
    assert_eq!(tenants.leaks().await, Vec::<String>::new());
}

/// N2: with both locks broken, the suite names every operation that takes an id, and every list.
#[tokio::test]
async fn the_suite_notices_when_both_locks_are_broken() {
    let tenants = TwoTenants::new().await;
    tenants
        .app
        .database()
        .db_execute(FORGETFUL_STATEMENTS)
        .await;
    tenants.app.database().db_execute(NO_ROW_SECURITY).await;
    let leaks = tenants.leaks().await;
    let reaches_objects = |operation: &Operation| {
        operation.is_in_tenant() && (operation.kind().is_some() || operation.takes_query("cursor"))
    };
    let operations = tenants.document.operations();
    let unnoticed: Vec<&str> = operations
        .iter()
        .filter(|operation| reaches_objects(operation))
        .map(|operation| operation.id.as_str())
        .filter(|id| {
            !leaks
                .iter()
                .any(|leak| leak.starts_with(&format!("{id}: ")))
        })
        .collect();
    assert_eq!(unnoticed, Vec::<&str>::new(), "{leaks:?}");
}

/// N2: when the key itself is let in everywhere, the suite names every operation.
#[tokio::test]
async fn the_suite_notices_a_key_that_is_let_in() {
    let tenants = TwoTenants::new().await;
    let freed = "update admin_keys set tenant_id = null where name = 'a key of the tests'";
    tenants.app.database().db_execute(freed).await;
    let leaks = tenants.leaks().await;
    for operation in tenants.document.operations() {
        let is_noticed = leaks
            .iter()
            .any(|leak| leak.starts_with(&format!("{}: ", operation.id)));
        assert!(is_noticed, "{} is not in {leaks:?}", operation.id);
    }
}
