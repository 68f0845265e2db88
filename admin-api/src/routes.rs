//! Every operation on one page. Routes and document are both made from this list, so they cannot
//! differ; the access rule is the handler's own first argument.
//!
//! To add one more: CONTRIBUTING.md, "Add an admin endpoint".

use std::collections::BTreeMap;

use actix_web::guard;
use actix_web::http::Method;
use actix_web::{HttpRequest, HttpResponse, web};

use crate::api::Api;
use crate::operation::{Registered, register};
use crate::problem::{Problem, ProblemKind};
use crate::{docs, document, sign_in};

macro_rules! operations {
    ($($module:ident :: $file:ident :: $operation:ident,)+) => {
        #[derive(utoipa::OpenApi)]
        #[openapi(
            info(
                title = "Writ admin API",
                description = "Tenants, the resources they protect, their clients and users. \
                    `{tenant}` is the tenant's slug. Lifetimes are whole seconds. A secret is shown \
                    once, in the answer that made it. Lists come in pages: pass `next_cursor` as \
                    `cursor`. Every refusal is `application/problem+json` and says what to do.",
                license(name = "Apache-2.0", identifier = "Apache-2.0"),
            ),
            paths($(crate::$module::$file::$operation),+),
            components(schemas(crate::problem::ProblemOut, crate::problem::FieldProblem)),
            tags(
                (name = "tenants", description = "An issuer with everything that belongs to it."),
                (name = "issuer-hosts", description = "Hosts of their own that tenants' issuers may be at."),
                (name = "resources", description = "Protected MCP servers, and what they introspect with."),
                (name = "clients", description = "Applications that ask for tokens."),
                (name = "users", description = "People who sign in."),
                (name = "groups", description = "Groups of people, for policies."),
                (name = "grants", description = "What people allowed; tokens descend from these."),
                (name = "signing-keys", description = "What a tenant's tokens are signed with."),
                (name = "audit-events", description = "Who did what."),
                (name = "webhooks", description = "Who is told of it, in signed messages."),
                (name = "policies", description = "What tenants allow, and what the platform forbids in all of them."),
                (name = "admin-keys", description = "What this API is called with."),
                (name = "memberships", description = "Who administers what, by signing in."),
                (name = "installation", description = "What is done to every tenant at once."),
            ),
        )]
        pub struct Collected;

        /// The list, with the access rule of each.
        pub fn registered() -> Vec<Registered> {
            vec![$(register(stringify!($operation), crate::$module::$file::$operation),)+]
        }
    };
}

operations! {
    tenants::create::create_tenant,
    tenants::list::list_tenants,
    tenants::find::find_tenant,
    tenants::update::update_tenant,
    tenants::delete::delete_tenant,
    tenants::restore::restore_tenant,
    tenant_documents::export::export_tenant,
    tenant_documents::import::import_tenant,
    issuer_hosts::claim::claim_issuer_host,
    issuer_hosts::list::list_issuer_hosts,
    issuer_hosts::find::find_issuer_host,
    issuer_hosts::verify::verify_issuer_host,
    issuer_hosts::release::release_issuer_host,
    quotas::find::find_quotas,
    quotas::update::update_quotas,
    quotas::usage::find_usage,

    resources::create::create_resource,
    resources::list::list_resources,
    resources::find::find_resource,
    resources::update::update_resource,
    resources::delete::delete_resource,
    resources::metadata::find_resource_metadata,
    resources::snippets::find_resource_snippets,
    resource_tools::find::find_resource_tools,
    resource_tools::import::import_resource_tools,
    resource_tools::check::check_resource_tools,
    resource_credentials::create::create_resource_credential,
    resource_credentials::list::list_resource_credentials,
    resource_credentials::delete::delete_resource_credential,
    refused_resources::list::list_refused_resources,
    refused_resources::accept::accept_refused_resource,
    refused_resources::dismiss::dismiss_refused_resource,

    clients::create::create_client,
    clients::list::list_clients,
    clients::find::find_client,
    clients::update::update_client,
    clients::delete::delete_client,
    client_secrets::create::create_client_secret,
    client_secrets::list::list_client_secrets,
    client_secrets::delete::delete_client_secret,
    initial_access_tokens::create::create_initial_access_token,
    initial_access_tokens::list::list_initial_access_tokens,
    initial_access_tokens::revoke::revoke_initial_access_token,
    known_clients::list::list_known_clients,

    users::create::create_user,
    users::list::list_users,
    users::find::find_user,
    users::update::update_user,
    users::delete::delete_user,
    users::import::import_users,
    users::export::export_user,
    user_sessions::list::list_user_sessions,
    user_sessions::end::end_user_session,
    user_sessions::end_all::end_user_sessions,
    groups::create::create_group,
    groups::list::list_groups,
    groups::find::find_group,
    groups::update::update_group,
    groups::delete::delete_group,
    groups::members::list_group_members,
    groups::add_member::add_group_member,
    groups::remove_member::remove_group_member,
    consents::list::list_consents,
    consents::withdraw::withdraw_consent,

    grants::list::list_grants,
    grants::find::find_grant,
    grants::revoke::revoke_grant,
    grants::timeline::find_grant_timeline,
    token_reuses::list::list_token_reuses,

    decisions::list::list_decisions,
    decisions::find::find_decisions,
    decisions::explain::explain_policies,
    decisions::simulate::simulate_policies,

    signing_keys::list::list_signing_keys,
    signing_keys::rotate::rotate_signing_key,
    signing_keys::remove::remove_signing_key,
    signing_keys::reseal::reseal_signing_keys,

    audit_events::list::list_audit_events,
    audit_events::export::export_audit_events,
    audit_events::erase::erase_person_from_audit,
    audit_events::list_platform::list_platform_audit_events,

    webhooks::create::create_webhook,
    webhooks::list::list_webhooks,
    webhooks::find::find_webhook,
    webhooks::update::update_webhook,
    webhooks::delete::delete_webhook,
    webhooks::rotate_secret::rotate_webhook_secret,
    webhooks::test::test_webhook,
    webhooks::status::find_webhook_status,
    webhook_deliveries::list::list_webhook_deliveries,
    webhook_deliveries::find::find_webhook_delivery,
    webhook_deliveries::replay::replay_webhook_delivery,

    policies::find::find_policies,
    policies::write::create_policy_version,
    policies::list_versions::list_policy_versions,
    policies::find_version::find_policy_version,
    policies::diff::diff_policies,
    policies::revert::revert_policies,
    policies::schema::find_policy_schema,
    guard_rails::find::find_guard_rails,
    guard_rails::write::create_guard_rail_version,
    guard_rails::list_versions::list_guard_rail_versions,
    guard_rails::find_version::find_guard_rail_version,
    guard_rails::diff::diff_guard_rails,
    guard_rails::revert::revert_guard_rails,

    admin_keys::create::create_admin_key,
    admin_keys::list::list_admin_keys,
    admin_keys::find::find_admin_key,
    admin_keys::update::update_admin_key,
    admin_keys::rotate::rotate_admin_key,
    admin_keys::revoke::revoke_admin_key,
    tenant_admin_keys::create::create_tenant_admin_key,
    tenant_admin_keys::list::list_tenant_admin_keys,
    tenant_admin_keys::find::find_tenant_admin_key,
    tenant_admin_keys::update::update_tenant_admin_key,
    tenant_admin_keys::rotate::rotate_tenant_admin_key,
    tenant_admin_keys::revoke::revoke_tenant_admin_key,

    memberships::create::create_membership,
    memberships::list::list_memberships,
    memberships::find::find_membership,
    memberships::delete::delete_membership,
    tenant_memberships::create::create_tenant_membership,
    tenant_memberships::list::list_tenant_memberships,
    tenant_memberships::find::find_tenant_membership,
    tenant_memberships::delete::delete_tenant_membership,

    installation::void_refresh_tokens::void_refresh_tokens,
}

/// Mounts all of it.
pub fn configure(config: &mut web::ServiceConfig) {
    let mut document = <Collected as utoipa::OpenApi>::openapi();
    let mut by_path: BTreeMap<String, Vec<(Method, Registered)>> = BTreeMap::new();
    for registered in registered() {
        if let Some((path, method)) = document::place_of(&mut document, registered.operation_id) {
            by_path.entry(path).or_default().push((method, registered));
        }
    }
    for (path, operations) in by_path {
        config.service(resource(&path, &operations));
    }
    config
        .service(
            web::resource(docs::DOCUMENT_PATH)
                .route(get_or_head().to(docs::serve_document))
                .default_service(refuse_method(ONLY_GET)),
        )
        .service(
            web::resource("/admin/docs")
                .route(get_or_head().to(docs::redirect_to_page))
                .default_service(refuse_method(ONLY_GET)),
        )
        .service(
            web::resource("/admin/docs/{file:.*}")
                .route(get_or_head().to(docs::serve_page))
                .default_service(refuse_method(ONLY_GET)),
        )
        .service(
            web::resource(sign_in::PATHS)
                .route(get_or_head().to(sign_in::serve))
                .default_service(refuse_method(ONLY_GET)),
        )
        .service(web::resource(["/admin/v1", "/admin/v1/{rest:.*}"]).to(unknown_path));
}

const ONLY_GET: &str = "GET, HEAD, OPTIONS";

fn get_or_head() -> actix_web::Route {
    web::route().guard(guard::Any(guard::Get()).or(guard::Head()))
}

/// One path with all its methods; any other method is told which there are (row Q5).
fn resource(path: &str, operations: &[(Method, Registered)]) -> actix_web::Resource {
    let mut allow: Vec<&str> = operations
        .iter()
        .map(|(method, _)| method.as_str())
        .collect();
    if allow.contains(&"GET") {
        allow.push("HEAD");
    }
    allow.push("OPTIONS");
    let allow = allow.join(", ");
    let mut resource = web::resource(path);
    for (method, registered) in operations {
        resource = resource.route((registered.route)().method(method.clone()));
        if *method == Method::GET {
            // RFC 9110 §9.3.2: HEAD is GET without the content, which the server leaves out.
            resource = resource.route((registered.route)().method(Method::HEAD));
        }
    }
    resource.default_service(refuse_method(&allow))
}

fn refuse_method(allow: &str) -> actix_web::Route {
    let allow = allow.to_owned();
    web::route().to(move |request: HttpRequest, api: web::Data<Api>| {
        let allow = allow.clone();
        async move {
            if request.method() == Method::OPTIONS {
                return HttpResponse::NoContent()
                    .insert_header((actix_web::http::header::ALLOW, allow))
                    .finish();
            }
            Problem::method_not_allowed(allow).respond(&api, &request)
        }
    })
}

async fn unknown_path(request: HttpRequest, api: web::Data<Api>) -> HttpResponse {
    let detail = format!(
        "Nothing is here. GET {} lists every operation.",
        docs::DOCUMENT_PATH
    );
    Problem::new(ProblemKind::NotFound, detail).respond(&api, &request)
}

#[cfg(test)]
mod tests;
