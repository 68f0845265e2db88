//! The client_credentials grant: a client acts for itself (OAuth 2.1 §4.2). No refresh token.

use crate::client::{Client, GrantType};
use crate::error_code::{ErrorCode, ProtocolError};
use crate::ids::Subject;
use crate::resource::{Resource, ResourceChoice, TargetError};
use crate::scope::{self, ScopeError, ScopeSet};

/// What the client gets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientCredentialsGrant<'a> {
    pub subject: Subject,
    pub resource: &'a Resource,
    pub scopes: ScopeSet,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClientCredentialsError {
    #[error("client_credentials is for clients that authenticate; this one is public")]
    PublicClient,
    #[error("this client is not registered for client_credentials")]
    GrantNotRegistered,
    #[error("this client has been disabled by an administrator")]
    ClientDisabled,
    #[error(transparent)]
    Target(#[from] TargetError),
    #[error(transparent)]
    Scope(#[from] ScopeError),
}

impl ClientCredentialsError {
    /// What was asked for and is no resource.
    pub fn refused_resource(&self) -> Option<&str> {
        match self {
            Self::Target(error) => error.refused_value(),
            _ => None,
        }
    }
}

impl ProtocolError for ClientCredentialsError {
    fn code(&self) -> ErrorCode {
        match self {
            Self::PublicClient | Self::GrantNotRegistered => ErrorCode::UnauthorizedClient,
            Self::ClientDisabled => ErrorCode::InvalidGrant,
            Self::Target(error) => error.code(),
            Self::Scope(error) => error.code(),
        }
    }
}

/// Row E13: confidential, registered for it by somebody, for one resource.
pub fn decide<'a>(
    choice: &ResourceChoice<'a>,
    asked_resources: &[&str],
    asked_scopes: Option<&ScopeSet>,
) -> Result<ClientCredentialsGrant<'a>, ClientCredentialsError> {
    let client: &Client = choice.client;
    if !client.is_confidential() {
        return Err(ClientCredentialsError::PublicClient);
    }
    if !client.may_use(GrantType::ClientCredentials) {
        return Err(ClientCredentialsError::GrantNotRegistered);
    }
    if !client.is_enabled {
        return Err(ClientCredentialsError::ClientDisabled);
    }
    let resource = choice.for_client_credentials(asked_resources)?;
    let scopes = scope::narrow(asked_scopes, &[resource], client)?;
    Ok(ClientCredentialsGrant {
        subject: Subject::Client(client.client_id.clone()),
        resource,
        scopes,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::AuthMethod;
    use crate::resource::Resources;
    use crate::test_support::{sample_client, sample_resource};

    fn machine() -> Client {
        let mut client = sample_client();
        client.auth_method = AuthMethod::ClientSecretBasic;
        client.grant_types = vec![GrantType::ClientCredentials];
        client
    }

    fn decide_for(
        client: &Client,
        asked: &[&str],
        scope: Option<&str>,
    ) -> Result<(String, String), ClientCredentialsError> {
        let resources = Resources::new(vec![sample_resource(1, "https://mcp.example/mcp")]);
        let issuer = crate::Issuer::parse("https://as.example").unwrap();
        let choice = ResourceChoice {
            issuer: &issuer,
            resources: &resources,
            client,
            tenant_default: None,
        };
        let scopes = scope.map(|text| ScopeSet::parse(text).unwrap());
        let grant = decide(&choice, asked, scopes.as_ref())?;
        Ok((grant.subject.to_string(), grant.scopes.to_string()))
    }

    /// Row G3.
    #[test]
    fn a_client_speaks_for_itself_at_its_only_resource() {
        let granted = decide_for(&machine(), &[], None).unwrap();
        assert_eq!(
            granted,
            ("client:client-1".to_owned(), "files:read".to_owned())
        );
        let granted = decide_for(
            &machine(),
            &["https://mcp.example/mcp/"],
            Some("files:write admin"),
        );
        assert_eq!(granted.unwrap().1, "files:write");
    }

    /// Row E13.
    #[test]
    fn public_and_unregistered_clients_are_refused() {
        let mut public = machine();
        public.auth_method = AuthMethod::None;
        assert_eq!(
            decide_for(&public, &[], None).unwrap_err().code(),
            ErrorCode::UnauthorizedClient
        );
        let mut other = machine();
        other.grant_types = vec![GrantType::AuthorizationCode];
        assert_eq!(
            decide_for(&other, &[], None),
            Err(ClientCredentialsError::GrantNotRegistered)
        );
        let mut disabled = machine();
        disabled.is_enabled = false;
        assert_eq!(
            decide_for(&disabled, &[], None).unwrap_err().code(),
            ErrorCode::InvalidGrant
        );
        let unknown = decide_for(&machine(), &["https://other.example/"], None).unwrap_err();
        assert_eq!(unknown.code(), ErrorCode::InvalidTarget);
        let nothing = decide_for(&machine(), &[], Some("admin")).unwrap_err();
        assert_eq!(nothing.code(), ErrorCode::InvalidScope);
    }
}
