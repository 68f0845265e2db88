//! What a document must say, every member in its own small function.

use serde_json::{Map, Value};
use url::Url;

use crate::client::keys::{KeysError, client_keys};
use crate::client::metadata::{clean_name, infer_application_type, is_https_url};
use crate::client::{AssertionAlgorithm, AuthMethod, ClientKeys, GrantType};
use crate::issuer::is_loopback_host;
use crate::redirect_uri::{RedirectUri, RedirectUriError};
use crate::signing_algorithm::SigningAlgorithm;
use crate::strict_json::UniqueObject;

use super::{ClientDocument, DocumentFault, DocumentUrl};

const MAX_BYTES: usize = 5 * 1024;
const MAX_DEPTH: usize = 16;
const MAX_LIST: usize = 32;

/// What the rules depend on.
#[derive(Clone, Copy, Debug)]
pub struct DocumentRules<'a> {
    /// The tenant's list of exact private-use redirect URIs.
    pub private_use_redirect_uris: &'a [String],
}

pub(super) fn validate(
    url: &DocumentUrl,
    body: &[u8],
    rules: &DocumentRules<'_>,
) -> Result<ClientDocument, DocumentFault> {
    if body.len() > MAX_BYTES {
        return Err(DocumentFault::TooLarge);
    }
    let text = std::str::from_utf8(body).map_err(|_| DocumentFault::NotUtf8)?;
    let UniqueObject::<MAX_DEPTH>(object) =
        serde_json::from_str(text).map_err(|_| DocumentFault::NotAnObject)?;
    let members = Members(&object);
    // Draft §4: simple string comparison, RFC 3986 §6.2.1.
    if members.text("client_id")? != Some(url.as_str()) {
        return Err(DocumentFault::OtherClientId);
    }
    no_secrets(&object)?;
    let redirect_uris = redirect_uris(&members, rules)?;
    let (auth_method, keys) = authentication(&members, url)?;
    let is_signing = auth_method == AuthMethod::PrivateKeyJwt;
    has_code(&members)?;
    Ok(ClientDocument {
        client_id: url.client_id().clone(),
        name: name(&members)?,
        grant_types: grant_types(&members)?,
        assertion_algorithm: is_signing
            .then(|| assertion_algorithm(&members))
            .transpose()?
            .flatten(),
        auth_method,
        keys,
        application_type: infer_application_type(&redirect_uris),
        redirect_uris,
        is_dpop_bound: members.flag("dpop_bound_access_tokens")?,
        is_par_required: members.flag("require_pushed_authorization_requests")?,
        post_logout_redirect_uris: post_logout_redirect_uris(&members, rules)?,
        backchannel_logout_uri: backchannel_logout_uri(&members, url)?,
        is_backchannel_session_required: members.flag("backchannel_logout_session_required")?,
        id_token_algorithm: id_token_algorithm(&members)?,
        client_uri: web_url(&members, "client_uri", url)?,
        logo_uri: web_url(&members, "logo_uri", url)?,
        policy_uri: web_url(&members, "policy_uri", url)?,
        tos_uri: web_url(&members, "tos_uri", url)?,
        software_id: members.text("software_id")?.map(ToOwned::to_owned),
        software_version: members.text("software_version")?.map(ToOwned::to_owned),
    })
}

/// The document's members; `null` and `""` count as absent, unknown ones are never looked at.
struct Members<'a>(&'a Map<String, Value>);

impl<'a> Members<'a> {
    fn value(&self, name: &str) -> Option<&'a Value> {
        self.0.get(name).filter(|value| !value.is_null())
    }

    fn text(&self, name: &'static str) -> Result<Option<&'a str>, DocumentFault> {
        match self.value(name) {
            None => Ok(None),
            Some(Value::String(text)) if text.contains('\0') => Err(DocumentFault::WrongType(name)),
            Some(Value::String(text)) => Ok((!text.is_empty()).then_some(text)),
            Some(_) => Err(DocumentFault::WrongType(name)),
        }
    }

    fn flag(&self, name: &'static str) -> Result<bool, DocumentFault> {
        match self.value(name) {
            None => Ok(false),
            Some(Value::Bool(is_set)) => Ok(*is_set),
            Some(_) => Err(DocumentFault::WrongType(name)),
        }
    }

    /// An empty list counts as absent.
    fn list(&self, name: &'static str) -> Result<Option<Vec<&'a str>>, DocumentFault> {
        let wrong = DocumentFault::WrongType(name);
        match self.value(name) {
            None => Ok(None),
            Some(Value::Array(values)) if values.len() <= MAX_LIST => {
                let texts: Option<Vec<&str>> = values.iter().map(Value::as_str).collect();
                texts
                    .map(|texts| (!texts.is_empty()).then_some(texts))
                    .ok_or(wrong)
            }
            Some(_) => Err(wrong),
        }
    }
}

/// Row K9, draft §4.1: nothing that only two should know.
fn no_secrets(object: &Map<String, Value>) -> Result<(), DocumentFault> {
    for name in ["client_secret", "client_secret_expires_at"] {
        if object.get(name).is_some_and(|value| !value.is_null()) {
            return Err(DocumentFault::SecretMember(name));
        }
    }
    let has_other = object
        .iter()
        .any(|(name, value)| name.starts_with("client_secret") && !value.is_null());
    if has_other {
        return Err(DocumentFault::SecretMember("client_secret"));
    }
    Ok(())
}

fn name(members: &Members<'_>) -> Result<String, DocumentFault> {
    let name = members
        .text("client_name")?
        .ok_or(DocumentFault::NameMissing)?;
    clean_name(name)
        .map_err(|_| DocumentFault::InvalidName)?
        .ok_or(DocumentFault::NameMissing)
}

/// The rules of registration, but for one: a document is written once for every server, so an app's own
/// scheme that this tenant has not listed is left out, as long as another redirect URI remains.
fn redirect_uris(
    members: &Members<'_>,
    rules: &DocumentRules<'_>,
) -> Result<Vec<RedirectUri>, DocumentFault> {
    let asked = members
        .list("redirect_uris")
        .map_err(|_| DocumentFault::RedirectUrisMissing)?
        .ok_or(DocumentFault::RedirectUrisMissing)?;
    let mut accepted = Vec::new();
    for text in asked {
        match RedirectUri::parse(text, rules.private_use_redirect_uris) {
            Ok(uri) if accepted.contains(&uri) => {}
            Ok(uri) => accepted.push(uri),
            Err(RedirectUriError::PrivateUseNotListed) => {}
            Err(error) => return Err(error.into()),
        }
    }
    if accepted.is_empty() {
        return Err(RedirectUriError::PrivateUseNotListed.into());
    }
    Ok(accepted)
}

/// How it proves itself, and with what.
fn authentication(
    members: &Members<'_>,
    url: &DocumentUrl,
) -> Result<(AuthMethod, ClientKeys), DocumentFault> {
    let jwks = members.value("jwks");
    let jwks_uri = web_url(members, "jwks_uri", url)?;
    let stated = StatedMethods::read(members)?;
    let has_keys = jwks.is_some() || jwks_uri.is_some();
    let method = stated.choose(has_keys)?;
    if let (AuthMethod::PrivateKeyJwt, None, Some(uri)) = (method, jwks, &jwks_uri) {
        // `web_url` knows of loopback hosts.
        return Ok((method, ClientKeys::Uri(uri.clone())));
    }
    // Judged even where nothing will be verified with them: a client that publishes its private key
    // should hear of it.
    match client_keys(
        method,
        jwks,
        jwks_uri.as_deref().filter(|uri| is_https_url(uri)),
    ) {
        Ok(keys) => Ok((method, keys)),
        Err(KeysError::NoUsableKey) if stated.can(AuthMethod::None) => {
            Ok((AuthMethod::None, ClientKeys::None))
        }
        Err(KeysError::NoUsableKey) if method != AuthMethod::PrivateKeyJwt => {
            Ok((method, ClientKeys::None))
        }
        Err(error) => Err(error.into()),
    }
}

/// A list is what the client can do (OpenID Connect Relying Party Metadata Choices §2), a single method
/// what it does where there is no list.
struct StatedMethods<'a> {
    listed: Vec<&'a str>,
    single: Option<&'a str>,
}

impl<'a> StatedMethods<'a> {
    fn read(members: &Members<'a>) -> Result<Self, DocumentFault> {
        const LIST: &str = "token_endpoint_auth_methods_supported";
        const SINGLE: &str = "token_endpoint_auth_method";
        let stated = Self {
            listed: members.list(LIST)?.unwrap_or_default(),
            single: members.text(SINGLE)?,
        };
        // Row K9: `client_secret_basic`, `_post` and `_jwt` alike.
        let is_symmetric = |method: &str| method.starts_with("client_secret");
        if stated.listed.iter().any(|method| is_symmetric(method)) {
            return Err(DocumentFault::SymmetricMethod(LIST));
        }
        if stated.single.is_some_and(is_symmetric) {
            return Err(DocumentFault::SymmetricMethod(SINGLE));
        }
        Ok(stated)
    }

    fn can(&self, method: AuthMethod) -> bool {
        self.listed.contains(&method.as_str())
    }

    /// The strongest that both sides can. Nothing stated means `none`: RFC 7591's default needs a
    /// secret, and there is none.
    fn choose(&self, has_keys: bool) -> Result<AuthMethod, DocumentFault> {
        if self.can(AuthMethod::PrivateKeyJwt) && has_keys {
            return Ok(AuthMethod::PrivateKeyJwt);
        }
        if self.can(AuthMethod::None) {
            return Ok(AuthMethod::None);
        }
        let method = match self.single.map(AuthMethod::parse) {
            Some(method) => method.ok_or(DocumentFault::UnknownAuthMethod)?,
            None if self.can(AuthMethod::PrivateKeyJwt) => AuthMethod::PrivateKeyJwt,
            None if self.listed.is_empty() => AuthMethod::None,
            None => return Err(DocumentFault::UnknownAuthMethod),
        };
        if method == AuthMethod::PrivateKeyJwt && !has_keys {
            return Err(KeysError::Missing.into());
        }
        Ok(method)
    }
}

fn assertion_algorithm(members: &Members<'_>) -> Result<Option<AssertionAlgorithm>, DocumentFault> {
    let Some(asked) = members.text("token_endpoint_auth_signing_alg")? else {
        return Ok(None);
    };
    AssertionAlgorithm::parse(asked)
        .map(Some)
        .ok_or(DocumentFault::UnknownAlgorithm)
}

/// The rules of registration. One with an app's own scheme that this tenant has not listed is left out.
fn post_logout_redirect_uris(
    members: &Members<'_>,
    rules: &DocumentRules<'_>,
) -> Result<Vec<String>, DocumentFault> {
    let asked = members.list("post_logout_redirect_uris")?;
    let mut accepted: Vec<String> = Vec::new();
    for text in asked.into_iter().flatten() {
        match RedirectUri::parse(text, rules.private_use_redirect_uris) {
            Ok(uri) if accepted.iter().any(|known| known == uri.as_str()) => {}
            Ok(uri) => accepted.push(uri.as_str().to_owned()),
            Err(RedirectUriError::PrivateUseNotListed) => {}
            Err(error) => return Err(DocumentFault::PostLogoutRedirectUri(error)),
        }
    }
    Ok(accepted)
}

/// Back-Channel Logout §2.2.
fn backchannel_logout_uri(
    members: &Members<'_>,
    url: &DocumentUrl,
) -> Result<Option<String>, DocumentFault> {
    let uri = web_url(members, "backchannel_logout_uri", url)?;
    match uri {
        Some(uri) if uri.contains('#') => Err(DocumentFault::LogoutUriWithFragment),
        uri => Ok(uri),
    }
}

/// A document is written once for every server: an algorithm that is none of ours counts as absent, and
/// the ID token is RS256 then.
fn id_token_algorithm(members: &Members<'_>) -> Result<Option<SigningAlgorithm>, DocumentFault> {
    let asked = members.text("id_token_signed_response_alg")?;
    Ok(asked.and_then(|name| name.parse().ok()))
}

/// Unknown grants are ignored, and so is client_credentials: nobody of this tenant vouches for it.
fn grant_types(members: &Members<'_>) -> Result<Vec<GrantType>, DocumentFault> {
    let Some(asked) = members.list("grant_types")? else {
        return Ok(vec![GrantType::AuthorizationCode, GrantType::RefreshToken]);
    };
    let usable = [
        GrantType::AuthorizationCode,
        GrantType::RefreshToken,
        GrantType::DeviceCode,
    ]
    .into_iter()
    .filter(|grant_type| asked.contains(&grant_type.as_str()))
    .collect::<Vec<_>>();
    if usable.contains(&GrantType::AuthorizationCode) {
        Ok(usable)
    } else {
        Err(DocumentFault::NoUsableGrantType)
    }
}

fn has_code(members: &Members<'_>) -> Result<(), DocumentFault> {
    let asked = members.list("response_types")?;
    asked
        .is_none_or(|asked| asked.contains(&"code"))
        .then_some(())
        .ok_or(DocumentFault::NoUsableResponseType)
}

/// An https URL; beside a document on a loopback host also http on one.
fn web_url(
    members: &Members<'_>,
    name: &'static str,
    url: &DocumentUrl,
) -> Result<Option<String>, DocumentFault> {
    let Some(text) = members.text(name)? else {
        return Ok(None);
    };
    let is_local = || {
        text.starts_with("http://")
            && Url::parse(text).is_ok_and(|it| it.host_str().is_some_and(is_loopback_host))
    };
    if is_https_url(text) || (url.is_loopback() && is_local()) {
        Ok(Some(text.to_owned()))
    } else {
        Err(DocumentFault::NotHttps(name))
    }
}
