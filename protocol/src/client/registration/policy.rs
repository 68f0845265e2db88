//! Within what a client may register itself: what its tenant allows, and, where it changes a registration
//! that it has (RFC 7592 §2.2), what it has already.

use crate::client::{AuthMethod, Client, GrantType};
use crate::redirect_uri::{RedirectUri, RedirectUriKind};
use crate::scope::ScopeSet;

use super::RegistrationError;

/// Who enters the metadata.
#[derive(Clone, Copy, Debug)]
pub enum Registrant<'a> {
    /// client_credentials is possible, scopes are taken as written.
    Administrator,
    Client(SelfRegistration<'a>),
}

/// The limits of a registration that nobody else looks at.
#[derive(Clone, Copy, Debug)]
pub struct SelfRegistration<'a> {
    /// Hosts of https redirect URIs. None: any.
    pub redirect_hosts: Option<&'a [String]>,
    pub allows_loopback: bool,
    /// What a client can have at most. None: whatever the resources have.
    pub scopes: Option<&'a ScopeSet>,
    /// Who names no authentication method gets a secret, on a person's machine too: for clients that
    /// were written before PKCE and send one without having asked.
    pub infers_secret: bool,
    /// RFC 8628: the tenant takes device requests of clients that nobody vouches for.
    pub allows_device: bool,
    /// What there is before an update: nothing of it grows, since an administrator may have cut it.
    pub current: Option<&'a Client>,
}

impl SelfRegistration<'_> {
    /// What a tenant allows that has said nothing, and nothing there yet.
    pub const OPEN: Self = Self {
        redirect_hosts: None,
        allows_loopback: true,
        scopes: None,
        infers_secret: false,
        allows_device: false,
        current: None,
    };
}

impl Registrant<'_> {
    pub(super) fn may_use(&self, grant_type: GrantType) -> bool {
        match self {
            Self::Administrator => true,
            Self::Client(limits) => {
                grant_type != GrantType::ClientCredentials
                    && (limits.allows_device || grant_type != GrantType::DeviceCode)
                    && limits
                        .current
                        .is_none_or(|client| client.may_use(grant_type))
            }
        }
    }

    /// A policy is no fault of the metadata, so that the client's maker knows whom to ask.
    pub(super) fn check_redirect_uri(&self, uri: &RedirectUri) -> Result<(), RegistrationError> {
        let Self::Client(limits) = self else {
            return Ok(());
        };
        match uri.kind() {
            RedirectUriKind::Https => {
                let is_allowed = limits
                    .redirect_hosts
                    .is_none_or(|hosts| uri.host().is_some_and(|host| hosts.contains(&host)));
                is_allowed
                    .then_some(())
                    .ok_or_else(|| RegistrationError::RedirectHostNotAllowed(uri.display_host()))
            }
            RedirectUriKind::Loopback => limits
                .allows_loopback
                .then_some(())
                .ok_or(RegistrationError::LoopbackNotAllowed),
            // The tenant's own list of exact URIs has decided.
            RedirectUriKind::PrivateUse => Ok(()),
        }
    }

    /// What makes a client's tokens or requests safer, an update of its own does not take away: whoever
    /// held a copy of the registration token could (row J9).
    pub(super) fn keeps(&self, asked: Option<bool>, is_set: impl Fn(&Client) -> bool) -> bool {
        let is_kept = match self {
            Self::Administrator => false,
            Self::Client(limits) => limits.current.is_some_and(is_set),
        };
        asked.unwrap_or_default() || is_kept
    }

    /// The method of a client that names none, where it does not follow from its redirect URIs.
    pub(super) fn settled_auth_method(&self) -> Option<AuthMethod> {
        let Self::Client(limits) = self else {
            return None;
        };
        let current = limits.current.map(|client| client.auth_method);
        let secret = limits
            .infers_secret
            .then_some(AuthMethod::ClientSecretBasic);
        current.or(secret)
    }

    /// Row J9: who held a copy of the registration token must not be able to take the secret away.
    pub(super) fn check_auth_method(&self, asked: AuthMethod) -> Result<(), RegistrationError> {
        let current = match self {
            Self::Client(SelfRegistration {
                current: Some(client),
                ..
            }) => client.auth_method,
            _ => return Ok(()),
        };
        (strength(asked) >= strength(current))
            .then_some(())
            .ok_or(RegistrationError::WeakerAuthMethod)
    }

    /// What the client is limited to, and whether it asked for just that.
    pub(super) fn limit_scopes(
        &self,
        asked: Option<ScopeSet>,
        known: &ScopeSet,
    ) -> (Option<ScopeSet>, bool) {
        let most = match self {
            Self::Administrator => None,
            Self::Client(limits) => limits.most_scopes(),
        };
        // Scopes that nobody has are dropped; who named only such is taken to have named none.
        let kept = asked.map(|asked| match self {
            Self::Administrator => asked,
            Self::Client(_) => {
                let asked = asked.intersect(known);
                most.as_ref()
                    .map_or_else(|| asked.clone(), |most| asked.intersect(most))
            }
        });
        let kept = kept.filter(|scopes| !scopes.is_empty());
        let was_asked = kept.is_some();
        (kept.or(most), was_asked)
    }
}

impl SelfRegistration<'_> {
    /// The tenant's limit and that of the client as it is.
    fn most_scopes(&self) -> Option<ScopeSet> {
        let current = self.current.and_then(|client| client.scopes.as_ref());
        match (self.scopes, current) {
            (Some(policy), Some(current)) => Some(current.intersect(policy)),
            (one, other) => one.or(other).cloned(),
        }
    }
}

const fn strength(method: AuthMethod) -> u8 {
    match method {
        AuthMethod::None => 0,
        AuthMethod::ClientSecretBasic | AuthMethod::ClientSecretPost => 1,
        AuthMethod::PrivateKeyJwt => 2,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::client::registration::{
        ClientRegistration, RegistrationRequest, RegistrationRules, validate,
    };
    use crate::error_code::{ErrorCode, ProtocolError as _};
    use crate::test_support::sample_client;

    const LOOPBACK: &str = "http://localhost:3001/callback";
    const WEB: &str = "https://client.example/cb";

    fn register(
        limits: SelfRegistration<'_>,
        body: &Value,
    ) -> Result<ClientRegistration, RegistrationError> {
        let known_scopes = ScopeSet::parse("files:read files:write openid").unwrap();
        let rules = RegistrationRules {
            private_use_redirect_uris: &["cursor://callback".to_owned()],
            known_scopes: &known_scopes,
            signing_algorithm: crate::SigningAlgorithm::Rs256,
            registrant: Registrant::Client(limits),
        };
        validate(
            &RegistrationRequest::parse(body.to_string().as_bytes())?,
            &rules,
        )
    }

    fn scopes(text: &str) -> ScopeSet {
        ScopeSet::parse(text).unwrap()
    }

    #[test]
    fn redirects_stay_where_the_tenant_wants_them() {
        let hosts = ["client.example".to_owned()];
        let limits = SelfRegistration {
            redirect_hosts: Some(&hosts),
            allows_loopback: false,
            ..SelfRegistration::OPEN
        };
        for good in [WEB, "https://client.example:8443/cb", "cursor://callback"] {
            assert!(
                register(limits, &json!({"redirect_uris": [good]})).is_ok(),
                "{good}"
            );
        }
        for bad in [
            "https://evil.example/cb",
            "https://a.client.example/cb",
            "https://client.example.evil.example/cb",
            LOOPBACK,
        ] {
            let refused = register(limits, &json!({"redirect_uris": [WEB, bad]})).unwrap_err();
            assert_eq!(
                (refused.code(), refused.status()),
                (ErrorCode::AccessDenied, 403),
                "{bad}"
            );
            assert!(refused.to_string().contains("administrator"), "{refused}");
        }
    }

    #[test]
    fn scopes_stay_within_what_the_tenant_lets_registrations_have() {
        let most = scopes("files:read offline_access");
        let limits = SelfRegistration {
            scopes: Some(&most),
            ..SelfRegistration::OPEN
        };
        for (asked, got) in [
            (json!("files:read files:write"), "files:read"),
            // Whoever asks for nothing, or nothing that it may have, is limited all the same.
            (json!(null), "files:read offline_access"),
            (json!("files:write admin"), "files:read offline_access"),
        ] {
            let made = register(limits, &json!({"redirect_uris": [WEB], "scope": asked})).unwrap();
            assert_eq!(made.scopes.unwrap().to_string(), got, "{asked}");
        }
    }

    #[test]
    fn under_the_tolerance_who_names_no_method_gets_a_secret() {
        let limits = SelfRegistration {
            infers_secret: true,
            ..SelfRegistration::OPEN
        };
        let method = |limits, body: &Value| register(limits, body).unwrap().auth_method;
        let plain = json!({"redirect_uris": [LOOPBACK]});
        assert_eq!(method(limits, &plain), AuthMethod::ClientSecretBasic);
        assert_eq!(method(SelfRegistration::OPEN, &plain), AuthMethod::None);
        let public = json!({"redirect_uris": [LOOPBACK], "token_endpoint_auth_method": "none"});
        assert_eq!(method(limits, &public), AuthMethod::None);
    }

    /// Row J9: an update never gives more than there was.
    #[test]
    fn an_update_widens_nothing() {
        let mut client = sample_client();
        client.auth_method = AuthMethod::ClientSecretPost;
        client.grant_types = vec![GrantType::AuthorizationCode];
        client.scopes = Some(scopes("files:read"));
        let limits = SelfRegistration {
            current: Some(&client),
            ..SelfRegistration::OPEN
        };
        let asked = json!({"redirect_uris": [WEB, LOOPBACK], "scope": "files:read files:write",
            "grant_types": ["authorization_code", "refresh_token", "client_credentials"]});
        let updated = register(limits, &asked).unwrap();
        assert_eq!(updated.redirect_uris.len(), 2);
        assert_eq!(updated.scopes.unwrap().to_string(), "files:read");
        assert_eq!(updated.grant_types, [GrantType::AuthorizationCode]);
        assert_eq!(updated.auth_method, AuthMethod::ClientSecretPost);

        let asked = json!({"redirect_uris": [WEB]});
        let updated = register(limits, &asked).unwrap();
        assert_eq!(updated.scopes.unwrap().to_string(), "files:read");
        assert_eq!(updated.grant_types, [GrantType::AuthorizationCode]);

        let weaker = json!({"redirect_uris": [WEB], "token_endpoint_auth_method": "none"});
        assert_eq!(
            register(limits, &weaker),
            Err(RegistrationError::WeakerAuthMethod)
        );
        let other =
            json!({"redirect_uris": [WEB], "token_endpoint_auth_method": "client_secret_basic"});
        assert!(register(limits, &other).is_ok());
    }
}
