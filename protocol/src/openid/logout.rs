//! Signing out at a client's wish (RP-Initiated Logout): what the request says, whether the person is asked,
//! and where the browser goes afterwards.
//!
//! A hint is an ID token of ours. Its signature was checked before it comes here, its end was not (§2: an
//! expired one will do).

use serde::{Deserialize, Serialize};

use crate::client::{Client, ClientOrigin};
use crate::error_code::{ErrorCode, ProtocolError};
use crate::ids::{ClientId, SessionId, UserId};
use crate::openid::IdTokenClaims;
use crate::parameters::{Parameters, Repeated};
use crate::secret::SecretText;

/// The request as sent. `logout_hint` and `ui_locales` are read by nobody.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogoutRequest {
    pub id_token_hint: Option<SecretText>,
    pub client_id: Option<String>,
    pub post_logout_redirect_uri: Option<String>,
    pub state: Option<String>,
}

/// Why the client does not get its person back. Signing out is possible all the same (§4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LogoutRequestError {
    #[error(transparent)]
    Repeated(#[from] Repeated),
    #[error("id_token_hint is no ID token of this authorization server")]
    HintNotOurs,
    #[error("client_id is not the client that id_token_hint was made for")]
    OtherClient,
    #[error("send id_token_hint or client_id with post_logout_redirect_uri")]
    ClientMissing,
    #[error("the client is not known here")]
    ClientUnknown,
    #[error("post_logout_redirect_uri is not registered for this client")]
    RedirectNotRegistered,
}

impl ProtocolError for LogoutRequestError {
    fn code(&self) -> ErrorCode {
        match self {
            Self::Repeated(_)
            | Self::HintNotOurs
            | Self::OtherClient
            | Self::ClientMissing
            | Self::ClientUnknown
            | Self::RedirectNotRegistered => ErrorCode::InvalidRequest,
        }
    }
}

impl LogoutRequest {
    pub fn parse(parameters: &Parameters) -> Result<Self, LogoutRequestError> {
        let text = |name| Ok::<_, Repeated>(parameters.single(name)?.map(ToOwned::to_owned));
        Ok(Self {
            id_token_hint: parameters.single("id_token_hint")?.map(SecretText::from),
            client_id: text("client_id")?,
            post_logout_redirect_uri: text("post_logout_redirect_uri")?,
            state: text("state")?,
        })
    }

    /// Who asks; none where nobody says so.
    pub fn named_client(
        &self,
        hint: Option<&LogoutHint>,
    ) -> Result<Option<ClientId>, LogoutRequestError> {
        let named = self.client_id.as_deref().map(ClientId::parse).transpose();
        let named = named.map_err(|_| LogoutRequestError::ClientUnknown)?;
        match (hint, named) {
            (Some(hint), Some(named)) if hint.client_id != named => {
                Err(LogoutRequestError::OtherClient)
            }
            (Some(hint), _) => Ok(Some(hint.client_id.clone())),
            (None, named) => Ok(named),
        }
    }

    /// Where the client wants its person back, if it may (§3: compared byte for byte).
    pub fn destination(
        &self,
        client: Option<&Client>,
    ) -> Result<Option<LogoutDestination>, LogoutRequestError> {
        let Some(sent) = &self.post_logout_redirect_uri else {
            return Ok(None);
        };
        let client = client.ok_or(LogoutRequestError::ClientMissing)?;
        let is_registered = client.post_logout_redirect_uris.contains(sent);
        if !is_registered || !client.is_enabled {
            return Err(LogoutRequestError::RedirectNotRegistered);
        }
        Ok(Some(LogoutDestination {
            uri: sent.clone(),
            state: self.state.clone(),
        }))
    }
}

/// What an ID token of ours says about who was signed in where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogoutHint {
    pub client_id: ClientId,
    pub user_id: UserId,
    pub session_id: Option<SessionId>,
}

impl LogoutHint {
    /// None: the claims are of another make.
    pub fn read(claims: &IdTokenClaims) -> Option<Self> {
        let session_id = claims.sid.as_deref().map(str::parse).transpose().ok()?;
        Some(Self {
            client_id: ClientId::parse(&claims.aud).ok()?,
            user_id: claims.sub.parse().ok()?,
            session_id,
        })
    }

    fn names(&self, session: OpenSession) -> bool {
        self.session_id == Some(session.session_id) && self.user_id == session.user_id
    }
}

/// Who is signed in in this browser.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpenSession {
    pub session_id: SessionId,
    pub user_id: UserId,
}

/// A place that the client registered. Made by [`LogoutRequest::destination`]; it travels under seal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogoutDestination {
    #[serde(rename = "u")]
    uri: String,
    #[serde(rename = "s", default, skip_serializing_if = "Option::is_none")]
    state: Option<String>,
}

impl LogoutDestination {
    pub fn uri(&self) -> &str {
        &self.uri
    }

    /// §3: `state` comes back as it came; what the registered URI says stays.
    pub fn location(&self) -> String {
        let Some(state) = &self.state else {
            return self.uri.clone();
        };
        let (before, fragment) = match self.uri.split_once('#') {
            Some((before, fragment)) => (before, format!("#{fragment}")),
            None => (self.uri.as_str(), String::new()),
        };
        let separator = if before.contains('?') { '&' } else { '?' };
        let query: String = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("state", state)
            .finish();
        format!("{before}{separator}{query}{fragment}")
    }
}

/// What happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogoutStep {
    /// §2: the person says whether they want it. Any site can send a browser here.
    Ask,
    SignOut,
    /// Nobody is signed in here.
    NothingToDo,
}

/// A hint that names this very session comes from a client that the person signed in to in it: nobody else
/// has one.
pub fn step(session: Option<OpenSession>, hint: Option<&LogoutHint>) -> LogoutStep {
    match session {
        None => LogoutStep::NothingToDo,
        Some(session) if hint.is_some_and(|hint| hint.names(session)) => LogoutStep::SignOut,
        Some(_) => LogoutStep::Ask,
    }
}

/// Whether the browser goes on by itself: to the client of a hint that ended the session, or to one that is
/// known. Anybody may register, and we are no open redirector (OAuth 2.1 §7.13.2).
pub fn goes_on_by_itself(step: LogoutStep, client: &Client) -> bool {
    step == LogoutStep::SignOut || is_known(client)
}

/// Whether somebody answers for the places that a client names for after signing out: who made it here, or who
/// publishes its metadata document. Redirect URIs of a known client, which anybody may list, prove nothing of
/// other places.
pub fn is_known(client: &Client) -> bool {
    client.is_vouched_for() || client.origin == ClientOrigin::Document && client.is_trusted()
}

#[cfg(test)]
mod tests;
