//! The registry: places that do not nest, names that are never given out again, states.

use std::time::Duration;

use protocol::client::DeviceAuthorizationMode;
use protocol::{Issuer, ScopeSet, SigningAlgorithm, Slug};

use crate::tests::support::{Things, World, at, new_tenant};
use crate::{
    ClientDocumentPolicy, DocumentMode, RegistrationPolicy, RegistrationRules,
    SoftwareStatementIssuer, StoreError, Tenant, TenantState, TenantTolerances, TenantUpdate,
};

async fn insert(world: &World, slug: &str, issuer: &str) -> Result<Tenant, StoreError> {
    let mut platform = world.database.platform().await.unwrap();
    let tenant = platform
        .insert_tenant(&new_tenant(slug, issuer), at(0))
        .await?;
    platform.commit().await?;
    Ok(tenant)
}

/// Unique on host and path; no issuer inside another's path, but under a root issuer.
#[tokio::test]
async fn issuers_have_one_place_each_and_do_not_nest() {
    let world = World::new().await;
    insert(&world, "root", "https://auth.example")
        .await
        .unwrap();
    insert(&world, "a", "https://auth.example/t/a")
        .await
        .unwrap();
    insert(&world, "ab", "https://auth.example/t/ab")
        .await
        .unwrap();
    insert(&world, "realm", "https://auth.example/realms/acme/")
        .await
        .unwrap();
    insert(&world, "elsewhere", "https://auth.other.example/t")
        .await
        .unwrap();
    for (slug, issuer, constraint) in [
        ("a", "https://free.example", "tenants_slug_is_unique"),
        (
            "new",
            "https://auth.example/t/a",
            "tenants_issuer_is_unique",
        ),
        (
            "new",
            "https://auth.example/t/a/",
            "tenants_location_is_unique",
        ),
        ("new", "https://auth.example/", "tenants_location_is_unique"),
        (
            "new",
            "https://auth.example/t/a/b",
            "tenants_location_is_nested",
        ),
        (
            "new",
            "https://auth.example/t/a/b/c",
            "tenants_location_is_nested",
        ),
        (
            "new",
            "https://auth.example/t",
            "tenants_location_is_nested",
        ),
        (
            "new",
            "https://auth.example/realms",
            "tenants_location_is_nested",
        ),
    ] {
        let refused = insert(&world, slug, issuer).await.unwrap_err();
        assert_eq!(refused.conflict(), Some(constraint), "{issuer}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn issuers_that_nest_are_not_made_at_once() {
    let world = World::new().await;
    let (outer, inner) = tokio::join!(
        insert(&world, "outer", "https://auth.example/x"),
        insert(&world, "inner", "https://auth.example/x/y"),
    );
    assert!(outer.is_ok() != inner.is_ok());
}

#[tokio::test]
async fn a_tenant_is_found_at_its_place_while_it_is_active() {
    let world = World::new().await;
    let tenant = insert(&world, "acme", "https://auth.example/realms/acme/")
        .await
        .unwrap();
    let slug = Slug::parse("acme").unwrap();
    let mut platform = world.database.platform().await.unwrap();
    let found = platform
        .find_tenant_by_location("auth.example", "/realms/acme")
        .await
        .unwrap();
    assert_eq!(found.as_ref(), Some(&tenant));
    let issuer = Issuer::parse("https://auth.example/realms/acme/").unwrap();
    assert_eq!(tenant.issuer(), &issuer);
    for (host, path) in [
        ("auth.example", "/realms/acme/"),
        ("auth.example", "/realms"),
        ("auth.example", ""),
        ("other.example", "/realms/acme"),
    ] {
        assert!(
            platform
                .find_tenant_by_location(host, path)
                .await
                .unwrap()
                .is_none()
        );
    }

    assert!(platform.suspend_tenant(&tenant, at(1)).await.unwrap());
    assert!(!platform.suspend_tenant(&tenant, at(1)).await.unwrap());
    assert!(
        platform
            .find_tenant_by_location("auth.example", "/realms/acme")
            .await
            .unwrap()
            .is_none()
    );
    let suspended = platform.find_tenant_by_slug(&slug).await.unwrap().unwrap();
    assert_eq!(suspended.state(), TenantState::Suspended);
    assert!(platform.resume_tenant(&tenant, at(2)).await.unwrap());
    assert!(
        platform
            .find_tenant_by_location("auth.example", "/realms/acme")
            .await
            .unwrap()
            .is_some()
    );

    assert!(platform.delete_tenant(&tenant, at(3)).await.unwrap());
    assert!(platform.find_tenant_by_slug(&slug).await.unwrap().is_none());
    assert!(
        platform
            .find_tenant_by_location("auth.example", "/realms/acme")
            .await
            .unwrap()
            .is_none()
    );
    assert!(platform.find_tenant(tenant.id()).await.unwrap().is_some());
    assert!(platform.list_tenants(None, 10).await.unwrap().is_empty());
    assert!(!platform.resume_tenant(&tenant, at(4)).await.unwrap());
    platform.commit().await.unwrap();
    let again = insert(&world, "acme", "https://auth.example/new")
        .await
        .unwrap_err();
    assert_eq!(again.conflict(), Some("tenants_slug_is_unique"));
}

#[tokio::test]
async fn settings_are_read_back_as_they_were_written() {
    let world = World::new().await;
    let tenant = world.tenant("acme").await;
    let things = Things::insert(&world, &tenant).await;
    let mut settings = tenant.settings().clone();
    settings.registration_policy = RegistrationPolicy::Off;
    settings.default_resource = Some(things.resource.resource_id);
    settings.private_use_redirect_uris =
        vec!["cursor://anysphere.cursor-mcp/oauth/callback".to_owned()];
    settings.registration = RegistrationRules {
        redirect_hosts: Some(vec!["app.example".to_owned()]),
        allows_loopback: false,
        scopes: Some(ScopeSet::parse("tools:call").unwrap()),
        max_clients: 7,
        unused_lifetime: Duration::from_hours(1),
    };
    settings.software_statements = vec![SoftwareStatementIssuer {
        issuer: "https://vendor.example".to_owned(),
        jwks: serde_json::json!({"keys": []}),
    }];
    settings.is_software_statement_required = true;
    settings.client_documents = ClientDocumentPolicy {
        mode: DocumentMode::DenyList,
        domains: vec!["evil.example".to_owned()],
    };
    settings.tolerances = TenantTolerances {
        json_token_body: true,
        token_endpoint_audience: true,
        ..TenantTolerances::default()
    };
    settings.signing_algorithm = SigningAlgorithm::EdDsa;
    settings.signing_key_rotation_interval = Duration::from_hours(48);
    settings.signing_key_lead = Duration::from_hours(2);
    settings.signing_key_wait = Duration::from_hours(3);
    settings.rotates_confidential_refresh_tokens = false;
    (settings.is_dpop_nonce_required, settings.is_par_required) = (true, true);
    settings.device_authorization = DeviceAuthorizationMode::Off;
    let update = TenantUpdate {
        display_name: "Acme".to_owned(),
        settings: settings.clone(),
    };
    let mut platform = world.database.platform().await.unwrap();
    let updated = platform
        .update_tenant(&tenant, &update, at(9))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        (updated.display_name(), updated.settings()),
        ("Acme", &settings)
    );
    assert_eq!((updated.created_at(), updated.updated_at()), (at(0), at(9)));
    // The same transaction goes on in the tenant: both happen, or neither.
    let mut scope = platform.into_tenant(&updated).await.unwrap();
    assert!(
        scope
            .delete_resource(things.resource.resource_id)
            .await
            .unwrap()
            .is_some()
    );
    scope.commit().await.unwrap();
    let mut platform = world.database.platform().await.unwrap();
    let found = platform.find_tenant(tenant.id()).await.unwrap().unwrap();
    assert_eq!(found.settings().default_resource, None);
}

/// To be deleted is neither active nor gone, and of a job and somebody who takes it back one comes first.
#[tokio::test]
async fn a_tenant_that_is_to_be_deleted_goes_when_its_time_is_over_and_not_before() {
    let world = World::new().await;
    let tenant = world.tenant("acme").await;
    let mut platform = world.database.platform().await.unwrap();
    assert!(platform.suspend_tenant(&tenant, at(1)).await.unwrap());
    let scheduled = platform.schedule_tenant_deletion(&tenant, at(50), at(2));
    assert!(scheduled.await.unwrap());
    // A second time another moment, and still what it was before the first.
    let scheduled = platform.schedule_tenant_deletion(&tenant, at(100), at(2));
    assert!(scheduled.await.unwrap());
    let found = platform.find_tenant(tenant.id()).await.unwrap().unwrap();
    assert_eq!(found.state(), TenantState::Deleting);
    assert_eq!(found.deleted_after(), Some(at(100)));
    assert!(!platform.resume_tenant(&tenant, at(3)).await.unwrap());
    assert!(!platform.suspend_tenant(&tenant, at(3)).await.unwrap());
    let early = platform.delete_tenant_after_grace(tenant.id(), at(99));
    assert_eq!(early.await.unwrap(), None);
    assert!(platform.restore_tenant(&tenant, at(4)).await.unwrap());
    assert!(!platform.restore_tenant(&tenant, at(4)).await.unwrap());
    let found = platform.find_tenant(tenant.id()).await.unwrap().unwrap();
    assert_eq!(
        (found.state(), found.deleted_after()),
        (TenantState::Suspended, None)
    );
    let late = platform.delete_tenant_after_grace(tenant.id(), at(200));
    assert_eq!(late.await.unwrap(), None);
    let scheduled = platform.schedule_tenant_deletion(&tenant, at(300), at(5));
    assert!(scheduled.await.unwrap());
    let gone = platform.delete_tenant_after_grace(tenant.id(), at(300));
    assert!(gone.await.unwrap().is_some());
    assert!(!platform.restore_tenant(&tenant, at(301)).await.unwrap());
    let scheduled = platform.schedule_tenant_deletion(&tenant, at(400), at(301));
    assert!(!scheduled.await.unwrap());
    platform.commit().await.unwrap();
    assert_eq!(
        world
            .db_count("due_work where kind = 'delete_tenant'")
            .await,
        0
    );
}

#[tokio::test]
async fn tenants_are_listed_page_by_page() {
    let world = World::new().await;
    let mut slugs = Vec::new();
    for number in 0..5 {
        slugs.push(world.tenant(&format!("t{number}")).await.slug().clone());
    }
    let mut platform = world.database.platform().await.unwrap();
    let first = platform.list_tenants(None, 3).await.unwrap();
    let second = platform
        .list_tenants(first.last().map(Tenant::id), 3)
        .await
        .unwrap();
    let mut listed: Vec<_> = first
        .iter()
        .chain(&second)
        .map(|it| it.slug().clone())
        .collect();
    listed.sort();
    assert_eq!(listed, slugs);
}

/// Tables that removing a tenant's rows leaves alone, each with what its rows stay for.
const LEFT_ALONE: [(&str, &str); 6] = [
    (
        "tenants",
        "its slug and its issuer are never given out again",
    ),
    ("audit_events", "until their month is dropped"),
    (
        "platform_audit_events",
        "until they are older than operators keep them",
    ),
    (
        "revocations",
        "until no token that they name could be valid",
    ),
    ("due_work", "until the job has found nothing more to remove"),
    (
        "admin_keys",
        "until they have been revoked or have expired for as long as events are kept",
    ),
];

/// Everything in [`Things`], and a client that is limited to one resource.
async fn fill(world: &World, tenant: &Tenant) {
    // One of everything is more than a caller's future should hold.
    let things = Box::pin(Things::insert_all(world, tenant)).await;
    let mut limited = things.newcomers.registered.clone();
    limited.resources = Some(vec![things.resource.resource_id]);
    let mut scope = world.database.tenant(tenant).await.unwrap();
    assert!(scope.update_client(&limited, at(2)).await.unwrap());
    scope.commit().await.unwrap();
}

/// In batches, and only of a deleted tenant; another tenant's rows stay.
#[tokio::test]
async fn the_rows_of_a_deleted_tenant_are_removed_in_batches() {
    let world = World::new().await;
    let (gone, kept) = (world.tenant("gone").await, world.tenant("kept").await);
    fill(&world, &gone).await;
    fill(&world, &kept).await;
    let mut scope = world.database.tenant(&gone).await.unwrap();
    assert_eq!(scope.delete_rows_of_deleted_tenant(2).await.unwrap(), 0);
    drop(scope);
    let mut platform = world.database.platform().await.unwrap();
    platform.delete_tenant(&gone, at(5)).await.unwrap();
    let gone = platform.find_tenant(gone.id()).await.unwrap().unwrap();
    platform.commit().await.unwrap();
    let mut batches = 0;
    loop {
        let mut scope = world.database.tenant(&gone).await.unwrap();
        let deleted = scope.delete_rows_of_deleted_tenant(2).await.unwrap();
        scope.commit().await.unwrap();
        batches += 1;
        if deleted == 0 {
            break;
        }
    }
    assert!(batches > 4);
    let mut left_alone = Vec::new();
    for table in world.db_tables_of_tenants().await {
        let rows_of = async |tenant: &Tenant| {
            let condition = format!("{table} where tenant_id = '{}'", tenant.id());
            world.db_count(&condition).await
        };
        if LEFT_ALONE
            .iter()
            .any(|(left_alone, _)| *left_alone == table)
        {
            left_alone.push(table);
            continue;
        }
        assert_eq!(rows_of(&gone).await, 0, "{table}");
        assert!(rows_of(&kept).await > 0, "nothing was in {table}");
    }
    assert_eq!(left_alone.len(), LEFT_ALONE.len(), "{left_alone:?}");
}
