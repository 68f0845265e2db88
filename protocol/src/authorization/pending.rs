//! A pending authorization: what a valid request is while the person signs in and decides.
//!
//! It is sealed (by `crypto`) and travels with the browser; the database knows nothing of it until a
//! code is issued. Short member names: a `state` of 4 KB and a `client_id` of 2 KB must fit into a URL.

use std::time::Duration;

use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::clock::Timestamp;
use crate::dpop::JwkThumbprint;
use crate::error_code::OAuthError;
use crate::ids::{ClientId, PendingId, ResourceId, UserId};
use crate::scope::ScopeSet;

use super::checks::RedirectError;
use super::proof::ProofOfPossession;
use super::request::{AuthorizationRequest, Prompts};

/// Everything that the later steps need, and nothing that they must not trust: client, redirect URI,
/// resources and policy are looked up and checked again at each step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PendingAuthorization {
    #[serde(rename = "i")]
    pub pending_id: PendingId,
    /// Digest of the secret that the browser's cookie holds: another browser cannot go on with it.
    #[serde(rename = "b", with = "base64_bytes")]
    pub browser_digest: [u8; 32],
    #[serde(rename = "c")]
    pub client_id: ClientId,
    /// As sent; none when the request left it out and one was registered.
    #[serde(rename = "r", default, skip_serializing_if = "Option::is_none")]
    pub redirect_uri: Option<String>,
    #[serde(rename = "s", default, skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    #[serde(rename = "x", default, skip_serializing_if = "ScopeSet::is_empty")]
    pub scopes: ScopeSet,
    /// Asked for and not to be had.
    #[serde(rename = "y", default, skip_serializing_if = "ScopeSet::is_empty")]
    pub refused_scopes: ScopeSet,
    #[serde(rename = "u", default, skip_serializing_if = "Vec::is_empty")]
    pub resources: Vec<ResourceId>,
    /// None only in a refused request, from which no code can come.
    #[serde(rename = "k", default, skip_serializing_if = "Option::is_none")]
    pub proof: Option<ProofOfPossession>,
    #[serde(rename = "p", default)]
    pub prompts: Prompts,
    #[serde(rename = "m", default, skip_serializing_if = "Option::is_none")]
    pub max_age_seconds: Option<u64>,
    #[serde(rename = "n", default, skip_serializing_if = "Option::is_none")]
    pub nonce: Option<String>,
    /// In order of preference; voluntary (OpenID Connect Core §3.1.2.1).
    #[serde(rename = "a", default, skip_serializing_if = "Option::is_none")]
    pub acr_values: Option<String>,
    /// The key that the code will be for (RFC 9449 §10).
    #[serde(rename = "j", default, skip_serializing_if = "Option::is_none")]
    pub dpop_jkt: Option<JwkThumbprint>,
    #[serde(rename = "h", default, skip_serializing_if = "Option::is_none")]
    pub login_hint: Option<String>,
    #[serde(rename = "l", default, skip_serializing_if = "Option::is_none")]
    pub ui_locales: Option<String>,
    /// The answer goes to the device request of this `pending_id`, not to a redirect URI.
    #[serde(rename = "d", default, skip_serializing_if = "is_false")]
    pub is_device: bool,
    #[serde(rename = "t")]
    pub created_at: Timestamp,
    #[serde(rename = "e")]
    pub expires_at: Timestamp,
    /// What the person decided; set by the consent step and by nothing else.
    #[serde(rename = "o", default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<ConsentOutcome>,
    /// The request was bad, but nobody was signed in who could be told so.
    #[serde(rename = "f", default, skip_serializing_if = "Option::is_none")]
    pub refusal: Option<Refusal>,
    /// Of the client and the redirect URI as the person is shown them (`consent::shown_digest`). Kept as
    /// long as the answer, which is one to that and to nothing else.
    #[serde(rename = "g", default, skip_serializing_if = "Option::is_none")]
    pub shown_digest: Option<[u8; 32]>,
}

/// Of a refused resource, beside everything else that must fit into a URL.
const MAX_CARRIED_BYTES: usize = 512;

/// A refusal that waits for the person to sign in. The words were made when it happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    #[serde(rename = "c")]
    pub code: crate::error_code::ErrorCode,
    #[serde(rename = "d")]
    pub description: String,
    /// The resource that was asked for and is none, for the administrator's list. A long one stays
    /// behind: this travels in a URL.
    #[serde(rename = "v", default, skip_serializing_if = "Option::is_none")]
    pub refused_resource: Option<String>,
}

impl Refusal {
    pub fn to_oauth_error(&self) -> OAuthError {
        OAuthError::new(self.code, &self.description)
    }
}

impl From<&RedirectError> for Refusal {
    fn from(error: &RedirectError) -> Self {
        let OAuthError { code, description } =
            crate::error_code::ProtocolError::to_oauth_error(error);
        let refused_resource = error
            .refused_resource()
            .filter(|value| value.len() <= MAX_CARRIED_BYTES)
            .map(str::to_owned);
        Self {
            code,
            description,
            refused_resource,
        }
    }
}

/// The person's answer, and who gave it: it does not count for somebody who signed in since.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ConsentOutcome {
    #[serde(rename = "a")]
    Allowed { user_id: UserId, scopes: ScopeSet },
    #[serde(rename = "d")]
    Denied { user_id: UserId },
}

/// What a new pending authorization is made with, beside the request.
#[derive(Clone, Copy, Debug)]
pub struct PendingStart<'a> {
    pub pending_id: PendingId,
    pub browser_digest: [u8; 32],
    pub client_id: &'a ClientId,
    pub lifetime: Duration,
    pub now: Timestamp,
}

impl PendingAuthorization {
    /// How long a person may take to sign in and decide.
    pub const DEFAULT_LIFETIME: Duration = Duration::from_mins(30);

    pub fn new(request: AuthorizationRequest, start: &PendingStart<'_>) -> Self {
        let redirect_uri = &request.redirect_uri;
        Self {
            redirect_uri: redirect_uri
                .was_sent()
                .then(|| redirect_uri.as_str().to_owned()),
            state: request.state,
            scopes: request.scopes,
            refused_scopes: request.refused_scopes,
            resources: request.resources,
            proof: Some(request.proof),
            prompts: request.prompts,
            max_age_seconds: request.max_age_seconds,
            nonce: request.nonce,
            acr_values: request.acr_values,
            dpop_jkt: request.dpop_jkt,
            login_hint: request.login_hint,
            ui_locales: request.ui_locales,
            ..Self::empty(start)
        }
    }

    /// A request that is already refused: its person signs in before the client hears of it.
    pub fn refused(
        redirect_uri: Option<String>,
        state: Option<String>,
        error: &RedirectError,
        start: &PendingStart<'_>,
    ) -> Self {
        Self {
            redirect_uri,
            state,
            refusal: Some(error.into()),
            ..Self::empty(start)
        }
    }

    /// What a device asked for (RFC 8628), now that somebody has typed its code into this browser.
    pub fn of_device(
        resources: Vec<ResourceId>,
        scopes: ScopeSet,
        start: &PendingStart<'_>,
    ) -> Self {
        Self {
            resources,
            scopes,
            is_device: true,
            ..Self::empty(start)
        }
    }

    fn empty(start: &PendingStart<'_>) -> Self {
        Self {
            pending_id: start.pending_id,
            browser_digest: start.browser_digest,
            client_id: start.client_id.clone(),
            redirect_uri: None,
            state: None,
            scopes: ScopeSet::empty(),
            refused_scopes: ScopeSet::empty(),
            resources: Vec::new(),
            proof: None,
            prompts: Prompts::default(),
            max_age_seconds: None,
            nonce: None,
            acr_values: None,
            dpop_jkt: None,
            login_hint: None,
            ui_locales: None,
            is_device: false,
            created_at: start.now,
            expires_at: start.now + start.lifetime,
            outcome: None,
            refusal: None,
            shown_digest: None,
        }
    }

    pub fn is_expired(&self, now: Timestamp) -> bool {
        now >= self.expires_at
    }

    /// Compared in constant time: the digest is what a stolen URL lacks.
    pub fn belongs_to_browser(&self, browser_digest: &[u8; 32]) -> bool {
        subtle::ConstantTimeEq::ct_eq(&self.browser_digest[..], &browser_digest[..]).into()
    }
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde hands references to such functions"
)]
fn is_false(flag: &bool) -> bool {
    !flag
}

mod base64_bytes {
    use base64::Engine as _;

    use super::{Deserialize, Deserializer, Serializer, URL_SAFE_NO_PAD};

    pub fn serialize<S: Serializer>(bytes: &[u8; 32], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&URL_SAFE_NO_PAD.encode(bytes))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<[u8; 32], D::Error> {
        let text = String::deserialize(deserializer)?;
        let bytes = URL_SAFE_NO_PAD
            .decode(text)
            .map_err(serde::de::Error::custom)?;
        bytes
            .try_into()
            .map_err(|_| serde::de::Error::custom("not 32 bytes"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_support::sample_pending;

    #[test]
    fn a_pending_authorization_survives_its_journey_and_stays_small() {
        let mut pending = sample_pending();
        let plain = serde_json::to_vec(&pending).unwrap();
        assert!(plain.len() < 500, "{}", String::from_utf8_lossy(&plain));
        pending.state = Some("s".repeat(4096));
        pending.client_id = ClientId::parse(&"c".repeat(2048)).unwrap();
        let bytes = serde_json::to_vec(&pending).unwrap();
        // Sealed and base64url-coded it must still fit into a URL under the 16 KB header limit.
        assert!(bytes.len() * 4 / 3 < 12 * 1024);
        assert_eq!(
            serde_json::from_slice::<PendingAuthorization>(&bytes).unwrap(),
            pending
        );
    }

    #[test]
    fn it_expires_and_belongs_to_one_browser() {
        let pending = sample_pending();
        assert!(!pending.is_expired(pending.created_at));
        assert!(pending.is_expired(pending.expires_at));
        assert!(pending.belongs_to_browser(&pending.browser_digest));
        assert!(!pending.belongs_to_browser(&[0; 32]));
    }
}
