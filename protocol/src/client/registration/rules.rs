//! What a registration gets: every member in its own small function.

use serde_json::Value;

use crate::client::metadata::{
    clean_name, infer_application_type, infer_auth_method, is_https_url,
};
use crate::client::{ApplicationType, AuthMethod, GrantType};
use crate::redirect_uri::{RedirectUri, RedirectUriKind};
use crate::scope::ScopeSet;

use super::{ClientRegistration, RegistrationError, RegistrationRequest};

/// What the rules depend on.
#[derive(Clone, Copy, Debug)]
pub struct RegistrationRules<'a> {
    /// The tenant's list of exact private-use redirect URIs.
    pub private_use_redirect_uris: &'a [String],
    /// Every scope of the tenant's resources and the tenant's own: others are dropped.
    pub known_scopes: &'a ScopeSet,
    /// An administrator enters it: client_credentials is possible, scopes are taken as written.
    pub is_static: bool,
}

pub fn validate(
    request: &RegistrationRequest,
    rules: &RegistrationRules<'_>,
) -> Result<ClientRegistration, RegistrationError> {
    let grant_types = grant_types(request, rules)?;
    let redirect_uris = redirect_uris(request, rules, &grant_types)?;
    let application_type = application_type(request, &redirect_uris)?;
    let auth_method = auth_method(request, &redirect_uris)?;
    response_types(request)?;
    keys(request)?;
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
        scopes: scopes(request, rules)?,
        software_id: request.software_id.clone(),
        software_version: request.software_version.clone(),
        was_auth_method_asked: request.token_endpoint_auth_method.is_some(),
        was_application_type_asked: request.application_type.is_some(),
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
        return Ok(vec![GrantType::AuthorizationCode, GrantType::RefreshToken]);
    };
    let mut usable = Vec::new();
    for grant_type in asked.iter().filter_map(|name| GrantType::parse(name)) {
        let is_open = rules.is_static || grant_type != GrantType::ClientCredentials;
        if is_open && !usable.contains(&grant_type) {
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
    redirect_uris: &[RedirectUri],
) -> Result<AuthMethod, RegistrationError> {
    let Some(asked) = request.token_endpoint_auth_method.as_deref() else {
        return Ok(infer_auth_method(redirect_uris));
    };
    let method = AuthMethod::parse(asked)
        .filter(|method| *method != AuthMethod::PrivateKeyJwt)
        .ok_or(RegistrationError::UnknownAuthMethod)?;
    if method == AuthMethod::None && request.has_client_secret {
        return Err(RegistrationError::SecretOfPublicClient);
    }
    Ok(method)
}

fn response_types(request: &RegistrationRequest) -> Result<(), RegistrationError> {
    let asked = request.response_types.as_deref().unwrap_or_default();
    let has_code = asked.is_empty() || asked.iter().any(|name| name == "code");
    has_code
        .then_some(())
        .ok_or(RegistrationError::NoUsableResponseType)
}

/// Row J4. Keys have no use before private_key_jwt; wrong ones are refused all the same, because a
/// client that sends its private key should hear of it.
fn keys(request: &RegistrationRequest) -> Result<(), RegistrationError> {
    if request.jwks.is_some() && request.jwks_uri.is_some() {
        return Err(RegistrationError::TwoKeySources);
    }
    https_url(request.jwks_uri.as_deref(), "jwks_uri")?;
    let Some(jwks) = &request.jwks else {
        return Ok(());
    };
    let keys = jwks
        .get("keys")
        .and_then(Value::as_array)
        .ok_or(RegistrationError::KeyNotPublic)?;
    let is_public = |key: &Value| {
        let is_asymmetric = key
            .get("kty")
            .and_then(Value::as_str)
            .is_some_and(|kty| kty != "oct");
        is_asymmetric
            && ["d", "k", "p", "q"]
                .iter()
                .all(|member| key.get(member).is_none())
    };
    keys.iter()
        .all(is_public)
        .then_some(())
        .ok_or(RegistrationError::KeyNotPublic)
}

fn https_url(text: Option<&str>, name: &'static str) -> Result<Option<String>, RegistrationError> {
    match text {
        Some(url) if !is_https_url(url) => Err(RegistrationError::NotHttps(name)),
        url => Ok(url.map(ToOwned::to_owned)),
    }
}

/// A client that names only scopes which nobody has is taken to have named none.
fn scopes(
    request: &RegistrationRequest,
    rules: &RegistrationRules<'_>,
) -> Result<Option<ScopeSet>, RegistrationError> {
    let Some(asked) = request.scope.as_deref() else {
        return Ok(None);
    };
    let asked = ScopeSet::parse(asked).map_err(|_| RegistrationError::MalformedScope)?;
    let kept = if rules.is_static {
        asked
    } else {
        asked.intersect(rules.known_scopes)
    };
    Ok((!kept.is_empty()).then_some(kept))
}
