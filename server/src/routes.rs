//! Every public URL on one page.
//!
//! A request path is an issuer's path followed by one of the endings below, or one of the two
//! well-known prefixes followed by an issuer's path. So the tenant of a request is found by exact
//! look-ups of (host, path), never by scanning prefixes. A few endings take one segment more, which
//! says which thing of that kind is meant.
//!
//! Not here: the admin port (`application`), which knows no tenant paths.
//!
//! To add an endpoint: a variant, its endings in [`ENDINGS`] (or in [`ENDINGS_OF_ONE`], where a segment
//! follows), its lines in [`Endpoint::methods`] and [`Endpoint::name`], its arm in [`Endpoint::answer`].
//! [`Endpoint::is_page`], [`Endpoint::is_cors`] and [`Endpoint::is_published`] say no of what they do not
//! name: see whether that is right.

use actix_web::HttpResponse;
use actix_web::http::Method;

use crate::tenancy::TenantRequest;
use crate::{
    authorize, client_logo, device_authorization, discovery, introspection, jwks, pushed_request,
    registration, resource_jwks, resource_metadata, revocation, revocation_feed, token, userinfo,
};

/// Everything a tenant serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Endpoint {
    Metadata,
    Jwks,
    ResourceJwks,
    ResourceMetadata,
    Authorize,
    AuthorizeContinue,
    Login,
    Consent,
    Device,
    ClientLogo,
    Par,
    DeviceAuthorization,
    Token,
    Register,
    RegisteredClient,
    Introspect,
    Revoke,
    RevocationFeed,
    Userinfo,
    Logout,
}

/// What follows an issuer's path. The first of several for one endpoint is the canonical one, which
/// the metadata name; the others are what shipping clients have built in. Of two readings of one
/// path the longer issuer wins, so an ending stands before any longer one that ends with it.
pub const ENDINGS: &[(&str, Endpoint)] = &[
    (
        "/.well-known/oauth-authorization-server",
        Endpoint::Metadata,
    ),
    ("/.well-known/openid-configuration", Endpoint::Metadata),
    ("/.well-known/jwks.json", Endpoint::Jwks),
    ("/authorize", Endpoint::Authorize),
    ("/authorize/continue", Endpoint::AuthorizeContinue),
    ("/login", Endpoint::Login),
    ("/consent", Endpoint::Consent),
    ("/device", Endpoint::Device),
    ("/logout", Endpoint::Logout),
    ("/userinfo", Endpoint::Userinfo),
    ("/client-logo", Endpoint::ClientLogo),
    ("/par", Endpoint::Par),
    ("/device_authorization", Endpoint::DeviceAuthorization),
    ("/token", Endpoint::Token),
    ("/register", Endpoint::Register),
    ("/introspect", Endpoint::Introspect),
    ("/revoke", Endpoint::Revoke),
    ("/revocations", Endpoint::RevocationFeed),
    ("/oauth/authorize", Endpoint::Authorize),
    ("/oauth/token", Endpoint::Token),
    ("/protocol/openid-connect/auth", Endpoint::Authorize),
    ("/protocol/openid-connect/token", Endpoint::Token),
    (
        "/protocol/openid-connect/token/introspect",
        Endpoint::Introspect,
    ),
    ("/protocol/openid-connect/certs", Endpoint::Jwks),
    ("/protocol/openid-connect/revoke", Endpoint::Revoke),
    ("/protocol/openid-connect/logout", Endpoint::Logout),
    ("/protocol/openid-connect/userinfo", Endpoint::Userinfo),
    ("/clients-registrations/openid-connect", Endpoint::Register),
];

/// What stands before a last segment of the path: one thing of many.
pub const ENDINGS_OF_ONE: &[(&str, Endpoint)] = &[
    ("/.well-known/jwks", Endpoint::ResourceJwks),
    ("/.well-known/resource-metadata", Endpoint::ResourceMetadata),
    ("/register", Endpoint::RegisteredClient),
    (
        "/clients-registrations/openid-connect",
        Endpoint::RegisteredClient,
    ),
];

/// What we put into a URL ourselves is far shorter, and needs no encoding.
const MAX_SEGMENT_BYTES: usize = 255;

/// RFC 8414 §3.1 and its OpenID twin: these stand before the issuer's path.
const WELL_KNOWN_PREFIXES: &[&str] = &[
    "/.well-known/oauth-authorization-server",
    "/.well-known/openid-configuration",
];

impl Endpoint {
    /// In the order in which `Allow` lists them; `HEAD` comes with `GET`, `OPTIONS` with everything.
    pub const fn methods(self) -> &'static [Method] {
        match self {
            Self::Metadata
            | Self::Jwks
            | Self::ResourceJwks
            | Self::ResourceMetadata
            | Self::AuthorizeContinue
            | Self::ClientLogo
            | Self::RevocationFeed => &[Method::GET],
            Self::Authorize
            | Self::Login
            | Self::Consent
            | Self::Device
            | Self::Userinfo
            | Self::Logout => &[Method::GET, Method::POST],
            Self::Par
            | Self::DeviceAuthorization
            | Self::Token
            | Self::Register
            | Self::Introspect
            | Self::Revoke => &[Method::POST],
            Self::RegisteredClient => &[Method::GET, Method::PUT, Method::DELETE],
        }
    }

    /// A word for logs and metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Metadata => "metadata",
            Self::Jwks => "jwks",
            Self::ResourceJwks => "resource_jwks",
            Self::ResourceMetadata => "resource_metadata",
            Self::Authorize => "authorize",
            Self::AuthorizeContinue => "authorize_continue",
            Self::Login => "login",
            Self::Consent => "consent",
            Self::Device => "device",
            Self::ClientLogo => "client_logo",
            Self::Par => "par",
            Self::DeviceAuthorization => "device_authorization",
            Self::Token => "token",
            Self::Register => "register",
            Self::RegisteredClient => "registered_client",
            Self::Introspect => "introspect",
            Self::Revoke => "revoke",
            Self::RevocationFeed => "revocation_feed",
            Self::Userinfo => "userinfo",
            Self::Logout => "logout",
        }
    }

    /// A person looks at the answer, so an error is a page.
    pub const fn is_page(self) -> bool {
        matches!(
            self,
            Self::Authorize
                | Self::AuthorizeContinue
                | Self::Login
                | Self::Consent
                | Self::Device
                | Self::Logout
        )
    }

    /// Scripts of any origin may call these, without credentials. RFC 9700 §2.6:
    /// never authorize.
    pub const fn is_cors(self) -> bool {
        matches!(
            self,
            Self::Metadata
                | Self::Jwks
                | Self::ResourceJwks
                | Self::ResourceMetadata
                | Self::Par
                | Self::DeviceAuthorization
                | Self::Token
                | Self::Register
                | Self::RegisteredClient
                | Self::Revoke
                | Self::RevocationFeed
                | Self::Userinfo
        )
    }

    /// What changes seldom: served from the last known copy while PostgreSQL does not answer.
    pub const fn is_published(self) -> bool {
        matches!(
            self,
            Self::Metadata | Self::Jwks | Self::ResourceJwks | Self::ResourceMetadata
        )
    }

    /// Calls the endpoint's own file.
    pub async fn answer(self, request: TenantRequest) -> HttpResponse {
        match self {
            Self::Metadata => discovery::answer(&request).await,
            Self::Jwks => jwks::answer(&request).await,
            Self::ResourceJwks => resource_jwks::answer(&request).await,
            Self::ResourceMetadata => resource_metadata::answer(&request).await,
            Self::Authorize => authorize::answer(request).await,
            Self::AuthorizeContinue => authorize::continue_::answer(request).await,
            Self::Login => authorize::login::answer(request).await,
            Self::Consent => authorize::consent::answer(request).await,
            Self::Device => authorize::device::answer(request).await,
            Self::ClientLogo => client_logo::answer(request).await,
            Self::Par => pushed_request::answer(request).await,
            Self::DeviceAuthorization => device_authorization::answer(request).await,
            Self::Token => token::answer(request).await,
            Self::Register => registration::answer(request).await,
            Self::RegisteredClient => registration::management::answer(request).await,
            Self::Introspect => introspection::answer(request).await,
            Self::Revoke => revocation::answer(request).await,
            Self::RevocationFeed => revocation_feed::answer(&request).await,
            Self::Userinfo => userinfo::answer(request).await,
            Self::Logout => authorize::logout::answer(request).await,
        }
    }
}

/// Where a request may belong: an endpoint of the issuer at this path, if there is one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Candidate<'a> {
    pub endpoint: Endpoint,
    /// Without a trailing slash; empty for the root tenant.
    pub issuer_path: &'a str,
    /// What follows the ending, where it takes a segment: unreserved characters, so nothing to decode.
    pub segment: Option<&'a str>,
}

/// Reads a path in every way it can be read, the longest issuer first. Issuers do not nest except
/// under a root tenant, so at most one candidate besides the root has a tenant.
pub fn candidates(path: &str) -> impl Iterator<Item = Candidate<'_>> {
    let inserted = WELL_KNOWN_PREFIXES.iter().filter_map(|prefix| {
        let rest = path.strip_prefix(prefix)?;
        // One slash of the issuer's own, one that a client adds; more would be other names for one
        // thing, which a proxy's rules about paths would not know.
        let issuer_path = strip_slash(strip_slash(rest));
        // On a segment boundary only: not `/.well-known/openid-configurationx`.
        (issuer_path.is_empty() || issuer_path.starts_with('/')).then_some(Candidate {
            endpoint: Endpoint::Metadata,
            issuer_path,
            segment: None,
        })
    });
    let appended = ENDINGS.iter().filter_map(move |(ending, endpoint)| {
        // Each well-known form also with a trailing slash.
        let path = if endpoint.is_published() {
            strip_slash(path)
        } else {
            path
        };
        let issuer_path = path.strip_suffix(ending)?;
        // The inserted form has said this already.
        let is_said = *endpoint == Endpoint::Metadata && issuer_path.is_empty();
        // An issuer that ends with a slash, and a client that adds one more.
        (!is_said).then_some(Candidate {
            endpoint: *endpoint,
            issuer_path: strip_slash(issuer_path),
            segment: None,
        })
    });
    // Last: whatever these take for a segment, the endings above took for a part of an issuer.
    inserted.chain(appended).chain(candidates_of_one(path))
}

fn candidates_of_one(path: &str) -> impl Iterator<Item = Candidate<'_>> {
    let is_unreserved = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    let split = path.rsplit_once('/').filter(|(_, segment)| {
        !segment.is_empty()
            && segment.len() <= MAX_SEGMENT_BYTES
            && segment.bytes().all(is_unreserved)
    });
    ENDINGS_OF_ONE.iter().filter_map(move |(ending, endpoint)| {
        let (before, segment) = split?;
        Some(Candidate {
            endpoint: *endpoint,
            issuer_path: strip_slash(before.strip_suffix(ending)?),
            segment: Some(segment),
        })
    })
}

fn strip_slash(path: &str) -> &str {
    path.strip_suffix('/').unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(path: &str) -> Vec<(Endpoint, &str)> {
        candidates(path)
            .map(|candidate| (candidate.endpoint, candidate.issuer_path))
            .collect()
    }

    /// All four forms, each also with a trailing slash.
    #[test]
    fn discovery_is_found_at_every_well_known_form() {
        for issuer_path in ["", "/t/acme", "/realms/acme"] {
            for form in ["oauth-authorization-server", "openid-configuration"] {
                for slash in ["", "/"] {
                    for path in [
                        format!("/.well-known/{form}{issuer_path}{slash}"),
                        format!("{issuer_path}/.well-known/{form}{slash}"),
                    ] {
                        assert_eq!(read(&path), [(Endpoint::Metadata, issuer_path)], "{path}");
                    }
                }
            }
        }
    }

    #[test]
    fn an_alias_is_read_as_alias_or_as_part_of_the_issuer() {
        assert_eq!(
            read("/t/acme/oauth/token"),
            [
                (Endpoint::Token, "/t/acme/oauth"),
                (Endpoint::Token, "/t/acme")
            ]
        );
        assert!(
            read("/realms/acme/protocol/openid-connect/token/introspect")
                .contains(&(Endpoint::Introspect, "/realms/acme"))
        );
    }

    #[test]
    fn one_segment_may_follow_where_the_table_says_so() {
        let read_one = |path: &'static str| {
            candidates(path)
                .map(|candidate| (candidate.endpoint, candidate.issuer_path, candidate.segment))
                .collect::<Vec<_>>()
        };
        let endpoint = Endpoint::RegisteredClient;
        let expected = [(endpoint, "/t/acme", Some("c_x-1"))];
        assert_eq!(read_one("/t/acme/register/c_x-1"), expected);
        let alias = "/t/acme/clients-registrations/openid-connect/c_x-1";
        assert_eq!(read_one(alias), expected);
        let id = "/t/acme/.well-known/jwks/019a";
        let expected = [(Endpoint::ResourceJwks, "/t/acme", Some("019a"))];
        assert_eq!(read_one(id), expected);
        assert_eq!(
            read_one("/register/c_1"),
            [(endpoint, "", Some("c_1"))],
            "a root tenant"
        );
        // The longer issuer first.
        assert_eq!(
            read_one("/t/acme/register/token"),
            [
                (Endpoint::Token, "/t/acme/register", None),
                (endpoint, "/t/acme", Some("token"))
            ]
        );
        for nothing in [
            "/t/acme/register/",
            "/t/acme/register/a/b",
            "/t/acme/register/a%2Fb",
            "/t/acme/xregister/c_1",
            "/t/acme/token/c_1",
        ] {
            assert_eq!(read_one(nothing), [], "{nothing}");
        }
    }

    /// What may stand as the audience of an assertion is what answers.
    #[test]
    fn every_name_of_the_token_endpoint_is_known_to_the_rules() {
        let names: Vec<&str> = ENDINGS
            .iter()
            .filter(|(_, endpoint)| *endpoint == Endpoint::Token)
            .map(|(ending, _)| ending.trim_start_matches('/'))
            .collect();
        assert_eq!(names, protocol::metadata::TOKEN_ENDPOINTS);
    }

    #[test]
    fn endings_match_on_segment_boundaries() {
        assert_eq!(read("/t/acme/mytoken"), []);
        assert_eq!(read("/.well-known/openid-configurationx"), []);
        assert_eq!(read("/t/acme/token/"), []);
        assert_eq!(read("/.well-known/oauth-protected-resource/t/acme"), []);
        assert_eq!(read("/"), []);
    }
}
