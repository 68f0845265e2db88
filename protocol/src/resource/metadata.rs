//! Protected resource metadata (RFC 9728): what a resource says of itself, so that a client finds its issuer.

use serde::Serialize;
use url::Url;

use super::Resource;
use crate::ids::ResourceId;
use crate::issuer::Issuer;

const WELL_KNOWN: &str = "/.well-known/oauth-protected-resource";

/// RFC 9728 §2; no member is ever null.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ProtectedResourceMetadata {
    /// Byte for byte what clients send as `resource` (§3.3).
    pub resource: String,
    pub authorization_servers: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub scopes_supported: Vec<String>,
    /// RFC 6750 §2.1 alone: tokens in bodies and queries end in logs.
    pub bearer_methods_supported: [&'static str; 1],
    pub resource_name: String,
}

impl ProtectedResourceMetadata {
    pub fn new(issuer: &Issuer, resource: &Resource) -> Self {
        let scopes = resource.scopes.iter().map(|scope| scope.name.clone());
        Self {
            resource: resource.identifier().to_owned(),
            authorization_servers: vec![issuer.as_str().to_owned()],
            scopes_supported: scopes.collect(),
            bearer_methods_supported: ["header"],
            resource_name: resource.name.clone(),
        }
    }
}

/// Where the issuer serves it: for a resource server to proxy, or to name in its 401 (RFC 9728 §5.1). Below the issuer
/// and by id, so that it is the well-known address of no resource (§3.1).
pub fn published_url(issuer: &Issuer, resource_id: ResourceId) -> String {
    issuer.endpoint(&format!(".well-known/resource-metadata/{resource_id}"))
}

/// RFC 9728 §3.1: between host and path. None where the identifier is no web address.
pub fn well_known_url(identifier: &str) -> Option<String> {
    let url = Url::parse(identifier).ok()?;
    let is_web = matches!(url.scheme(), "http" | "https") && url.has_host();
    let path = url.path().trim_end_matches('/');
    let query = url
        .query()
        .map(|query| format!("?{query}"))
        .unwrap_or_default();
    is_web.then(|| {
        format!(
            "{}{WELL_KNOWN}{path}{query}",
            url.origin().ascii_serialization()
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 9728 §3.1.
    #[test]
    fn the_well_known_part_goes_between_host_and_path() {
        for (identifier, wanted) in [
            (
                "https://mcp.example",
                "https://mcp.example/.well-known/oauth-protected-resource",
            ),
            (
                "https://mcp.example/",
                "https://mcp.example/.well-known/oauth-protected-resource",
            ),
            (
                "https://mcp.example:8443/a/b",
                "https://mcp.example:8443/.well-known/oauth-protected-resource/a/b",
            ),
            (
                "https://mcp.example/a?b=c",
                "https://mcp.example/.well-known/oauth-protected-resource/a?b=c",
            ),
        ] {
            assert_eq!(well_known_url(identifier).as_deref(), Some(wanted));
        }
        assert_eq!(well_known_url("urn:example:notes"), None);
        assert_eq!(well_known_url("mcp_proxy"), None);
    }
}
