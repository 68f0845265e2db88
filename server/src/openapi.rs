//! The OpenAPI document of the public endpoints, as `writ openapi public` prints it and
//! `openapi/authorization-server.json` keeps it.
//!
//! Paths are relative to the issuer. The pages of a sign-in are for browsers and are not in it.
//!
//! To add an endpoint: its handler in the list.

use utoipa::OpenApi;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{Components, ServerBuilder, ServerVariableBuilder};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Writ authorization server",
        description = "What clients and resource servers call, relative to a tenant's issuer. Errors are \
            RFC 6749 §5.2 with an `error_id` that finds the answer in the log. `/authorize` starts a sign-in \
            in a browser (OAuth 2.1 §4.1.1) and is described by the metadata.",
        license(name = "Apache-2.0", identifier = "Apache-2.0"),
    ),
    paths(
        crate::discovery::answer,
        crate::jwks::answer,
        crate::resource_jwks::answer,
        crate::resource_metadata::answer,
        crate::pushed_request::answer,
        crate::device_authorization::answer,
        crate::token::answer,
        crate::registration::answer,
        crate::registration::management::read,
        crate::registration::management::update,
        crate::registration::management::remove,
        crate::introspection::answer,
        crate::revocation::answer,
        crate::revocation_feed::answer,
        crate::userinfo::get,
        crate::userinfo::post,
    ),
    components(schemas(crate::http::oauth_error::OAuthErrorBody)),
    tags(
        (name = "discovery", description = "What a client reads first."),
        (name = "authorization", description = "Beginning an authorization without a browser."),
        (name = "tokens", description = "Getting, looking at and ending tokens."),
        (name = "openid", description = "Who the person is."),
        (name = "registration", description = "Clients that register themselves."),
    ),
)]
struct Collected;

/// The document.
pub fn public_document() -> utoipa::openapi::OpenApi {
    let mut document = Collected::openapi();
    let components = document.components.get_or_insert_with(Components::new);
    let basic = HttpBuilder::new()
        .scheme(HttpAuthScheme::Basic)
        .description(Some(
            "client_id and client_secret; or both as parameters of the body.",
        ))
        .build();
    components.add_security_scheme("client", SecurityScheme::Http(basic));
    let bearer = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .description(Some(
            "To register: an initial access token, where the tenant asks for one. Afterwards: the \
             registration access token that came with the registration.",
        ))
        .build();
    components.add_security_scheme("registration", SecurityScheme::Http(bearer));
    let access_token = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .description(Some(
            "An access token whose audience is this endpoint; as `DPoP` where it is bound to a key.",
        ))
        .build();
    components.add_security_scheme("access_token", SecurityScheme::Http(access_token));
    let issuer = ServerVariableBuilder::new()
        .default_value("http://localhost:9000/t/acme")
        .description(Some("The tenant's issuer"))
        .build();
    let server = ServerBuilder::new()
        .url("{issuer}")
        .parameter("issuer", issuer)
        .build();
    document.servers = Some(vec![server]);
    document
}

/// The document as it is checked in: stable and readable, with a newline at the end.
pub fn public_document_json() -> String {
    let mut text = serde_json::to_string_pretty(&public_document()).unwrap_or_default();
    text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_back_channel_endpoint_is_described() {
        let document = public_document();
        for path in [
            "/par",
            "/device_authorization",
            "/token",
            "/register",
            "/register/{client_id}",
            "/introspect",
            "/revoke",
            "/revocations",
            "/userinfo",
            "/.well-known/jwks.json",
            "/.well-known/oauth-authorization-server",
        ] {
            assert!(document.paths.paths.contains_key(path), "{path}");
        }
    }
}
