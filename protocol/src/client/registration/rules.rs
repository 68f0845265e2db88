//! What a registration gets: every member in its own small function.

use crate::client::keys::client_keys;
use crate::client::metadata::{
    clean_name, infer_application_type, infer_auth_method, is_https_url, is_logout_url,
};
use crate::client::{ApplicationType, AssertionAlgorithm, AuthMethod, ClientKeys, GrantType};
use crate::redirect_uri::{RedirectUri, RedirectUriKind};
use crate::scope::ScopeSet;
use crate::signing_algorithm::SigningAlgorithm;

use super::policy::Registrant;
use super::{ClientRegistration, RegistrationError, RegistrationRequest};

/// What the rules depend on.
#[derive(Clone, Copy, Debug)]
pub struct RegistrationRules<'a> {
    /// The tenant's list of exact private-use redirect URIs.
    pub private_use_redirect_uris: &'a [String],
    /// Every scope of the tenant's resources and the tenant's own: others are dropped.
    pub known_scopes: &'a ScopeSet,
    /// Of the tenant's key that signs now: ID tokens can be had with it and with RS256.
    pub signing_algorithm: SigningAlgorithm,
    pub registrant: Registrant<'a>,
}

pub fn validate(
    request: &RegistrationRequest,
    rules: &RegistrationRules<'_>,
) -> Result<ClientRegistration, RegistrationError> {
    let grant_types = grant_types(request, rules)?;
    let redirect_uris = redirect_uris(request, rules, &grant_types)?;
    let application_type = application_type(request, &redirect_uris)?;
    let auth_method = auth_method(request, rules, &redirect_uris)?;
    let (scopes, was_scope_asked) = scopes(request, rules)?;
    response_types(request)?;
    if grant_types.contains(&GrantType::ClientCredentials) && auth_method == AuthMethod::None {
        return Err(RegistrationError::ClientCredentialsOfPublicClient);
    }
    let name = request.client_name.as_deref().map(clean_name).transpose();
    Ok(ClientRegistration {
        application_type,
        auth_method,
        name: name.map_err(|_| RegistrationError::InvalidName)?.flatten(),
        client_uri: https_url(request.client_uri.as_deref(), "client_uri")?,
        logo_uri: https_url(request.logo_uri.as_deref(), "logo_uri")?,
        policy_uri: https_url(request.policy_uri.as_deref(), "policy_uri")?,
        tos_uri: https_url(request.tos_uri.as_deref(), "tos_uri")?,
        scopes,
        software_id: request.software_id.clone(),
        software_version: request.software_version.clone(),
        keys: keys(request, auth_method)?,
        assertion_algorithm: assertion_algorithm(request, auth_method)?,
        is_dpop_bound: rules
            .registrant
            .keeps(request.dpop_bound_access_tokens, |client| {
                client.is_dpop_bound
            }),
        is_par_required: rules
            .registrant
            .keeps(request.require_pushed_authorization_requests, |client| {
                client.is_par_required
            }),
        post_logout_redirect_uris: post_logout_redirect_uris(request, rules)?,
        backchannel_logout_uri: backchannel_logout_uri(request)?,
        is_backchannel_session_required: request
            .backchannel_logout_session_required
            .unwrap_or_default(),
        id_token_algorithm: id_token_algorithm(request, rules)?,
        was_auth_method_asked: request.token_endpoint_auth_method.is_some(),
        was_application_type_asked: request.application_type.is_some(),
        was_scope_asked,
        redirect_uris,
        grant_types,
    })
}

/// Missing means code and refresh (SDKs omit it; a stated deviation from RFC 7591 §2). Unknown grants
/// are dropped, and so is client_credentials of a client that registers itself.
fn grant_types(
    request: &RegistrationRequest,
    rules: &RegistrationRules<'_>,
) -> Result<Vec<GrantType>, RegistrationError> {
    let Some(asked) = request
        .grant_types
        .as_ref()
        .filter(|asked| !asked.is_empty())
    else {
        let missing = [GrantType::AuthorizationCode, GrantType::RefreshToken];
        return starting(missing, rules);
    };
    starting(
        asked.iter().filter_map(|name| GrantType::parse(name)),
        rules,
    )
}

/// Those that the client may use; with a refresh token alone nothing begins.
fn starting(
    asked: impl IntoIterator<Item = GrantType>,
    rules: &RegistrationRules<'_>,
) -> Result<Vec<GrantType>, RegistrationError> {
    let mut usable = Vec::new();
    for grant_type in asked {
        if rules.registrant.may_use(grant_type) && !usable.contains(&grant_type) {
            usable.push(grant_type);
        }
    }
    let starts_something = |grant_type: &GrantType| *grant_type != GrantType::RefreshToken;
    if usable.iter().any(starts_something) {
        Ok(usable)
    } else {
        Err(RegistrationError::NoUsableGrantType)
    }
}

fn redirect_uris(
    request: &RegistrationRequest,
    rules: &RegistrationRules<'_>,
    grant_types: &[GrantType],
) -> Result<Vec<RedirectUri>, RegistrationError> {
    let asked = request.redirect_uris.as_deref().unwrap_or_default();
    if asked.is_empty() && grant_types.contains(&GrantType::AuthorizationCode) {
        return Err(RegistrationError::RedirectUrisMissing);
    }
    let mut accepted = Vec::new();
    for text in asked {
        let uri = RedirectUri::parse(text, rules.private_use_redirect_uris)?;
        rules.registrant.check_redirect_uri(&uri)?;
        if !accepted.contains(&uri) {
            accepted.push(uri);
        }
    }
    Ok(accepted)
}

/// Row J10: `web` means https. `native` may have https too: RFC 8252 §7.2 claims such URIs, and editors
/// register their web page beside their loopback address.
fn application_type(
    request: &RegistrationRequest,
    redirect_uris: &[RedirectUri],
) -> Result<ApplicationType, RegistrationError> {
    let Some(asked) = request.application_type.as_deref() else {
        return Ok(infer_application_type(redirect_uris));
    };
    let asked = ApplicationType::parse(asked).ok_or(RegistrationError::UnknownApplicationType)?;
    let has_other = redirect_uris
        .iter()
        .any(|uri| uri.kind() != RedirectUriKind::Https);
    if asked == ApplicationType::Web && has_other {
        return Err(RegistrationError::RedirectUriNotForWeb);
    }
    Ok(asked)
}

fn auth_method(
    request: &RegistrationRequest,
    rules: &RegistrationRules<'_>,
    redirect_uris: &[RedirectUri],
) -> Result<AuthMethod, RegistrationError> {
    let Some(asked) = request.token_endpoint_auth_method.as_deref() else {
        let settled = rules.registrant.settled_auth_method();
        return Ok(settled.unwrap_or_else(|| infer_auth_method(redirect_uris)));
    };
    let method = AuthMethod::parse(asked).ok_or(RegistrationError::UnknownAuthMethod)?;
    if method == AuthMethod::None && request.has_client_secret {
        return Err(RegistrationError::SecretOfPublicClient);
    }
    rules.registrant.check_auth_method(method)?;
    Ok(method)
}

fn response_types(request: &RegistrationRequest) -> Result<(), RegistrationError> {
    let asked = request.response_types.as_deref().unwrap_or_default();
    let has_code = asked.is_empty() || asked.iter().any(|name| name == "code");
    has_code
        .then_some(())
        .ok_or(RegistrationError::NoUsableResponseType)
}

/// Row J4.
fn keys(
    request: &RegistrationRequest,
    auth_method: AuthMethod,
) -> Result<ClientKeys, RegistrationError> {
    let (jwks, jwks_uri) = (request.jwks.as_ref(), request.jwks_uri.as_deref());
    Ok(client_keys(auth_method, jwks, jwks_uri)?)
}

/// RFC 7591 §2 leaves it to OpenID Connect Registration §2: the one algorithm of this client's assertions.
fn assertion_algorithm(
    request: &RegistrationRequest,
    auth_method: AuthMethod,
) -> Result<Option<AssertionAlgorithm>, RegistrationError> {
    let Some(asked) = request.token_endpoint_auth_signing_alg.as_deref() else {
        return Ok(None);
    };
    if auth_method != AuthMethod::PrivateKeyJwt {
        return Ok(None);
    }
    AssertionAlgorithm::parse(asked)
        .map(Some)
        .ok_or(RegistrationError::UnknownAssertionAlgorithm)
}

/// RP-Initiated Logout §3.1: they may be what a redirect URI may be, so that a client on a person's machine
/// has one too.
fn post_logout_redirect_uris(
    request: &RegistrationRequest,
    rules: &RegistrationRules<'_>,
) -> Result<Vec<String>, RegistrationError> {
    let mut accepted: Vec<String> = Vec::new();
    for text in request.post_logout_redirect_uris.iter().flatten() {
        let uri = RedirectUri::parse(text, rules.private_use_redirect_uris)
            .map_err(RegistrationError::PostLogoutRedirectUri)?;
        rules.registrant.check_redirect_uri(&uri)?;
        if !accepted.iter().any(|known| known == uri.as_str()) {
            accepted.push(uri.as_str().to_owned());
        }
    }
    Ok(accepted)
}

/// Back-Channel Logout §2.2.
fn backchannel_logout_uri(
    request: &RegistrationRequest,
) -> Result<Option<String>, RegistrationError> {
    match request.backchannel_logout_uri.as_deref() {
        None if request.backchannel_logout_session_required == Some(true) => {
            Err(RegistrationError::BackchannelLogoutUriMissing)
        }
        Some(uri) if !is_logout_url(uri) => Err(RegistrationError::InvalidBackchannelLogoutUri),
        uri => Ok(uri.map(ToOwned::to_owned)),
    }
}

/// RS256 is always to be had (OpenID Connect Core §15.1), and what the tenant signs with.
fn id_token_algorithm(
    request: &RegistrationRequest,
    rules: &RegistrationRules<'_>,
) -> Result<Option<SigningAlgorithm>, RegistrationError> {
    let Some(asked) = request.id_token_signed_response_alg.as_deref() else {
        return Ok(None);
    };
    let own = rules.signing_algorithm;
    let offered = [SigningAlgorithm::Rs256, own];
    let found = offered
        .into_iter()
        .find(|algorithm| algorithm.as_str() == asked);
    found.map(Some).ok_or_else(|| {
        let names = match own {
            SigningAlgorithm::Rs256 => "RS256".to_owned(),
            _ => format!("RS256 or {own}"),
        };
        RegistrationError::IdTokenAlgorithmNotSupported(names)
    })
}

fn https_url(text: Option<&str>, name: &'static str) -> Result<Option<String>, RegistrationError> {
    match text {
        Some(url) if !is_https_url(url) => Err(RegistrationError::NotHttps(name)),
        url => Ok(url.map(ToOwned::to_owned)),
    }
}

fn scopes(
    request: &RegistrationRequest,
    rules: &RegistrationRules<'_>,
) -> Result<(Option<ScopeSet>, bool), RegistrationError> {
    let asked = request.scope.as_deref().map(ScopeSet::parse).transpose();
    let asked = asked.map_err(|_| RegistrationError::MalformedScope)?;
    Ok(rules.registrant.limit_scopes(asked, rules.known_scopes))
}
