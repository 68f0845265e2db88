//! Who is signed in in a browser: found by the secret in its cookie, ended by signing out.
//!
//! Sessions are live state and always read. They begin in `login`. To end one in one more way: a word in
//! [`EndedBy`], and in the row of `writ_logouts_total` in the operator's page.

use crypto::{SecretKind, SecretToken};
use protocol::Timestamp;
use protocol::ids::ClientId;
use store::{BrowserSession, StoreError, Tenant};

use crate::Authority;
use crate::audit::{Actor, AuditEvent, EventType, Origin};
use crate::digests;

/// What ended a session, of those that the person in front of the browser can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndedBy {
    /// Asked on our page, and said yes.
    Page,
    /// A client whose ID token is of this very session: nobody was asked.
    Client,
    /// "Not you?" on the consent page.
    AccountSwitch,
    /// Somebody else signed in.
    OtherLogin,
    /// Not the person: by the admin API.
    Operator,
}

impl EndedBy {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Page => "page",
            Self::Client => "client",
            Self::AccountSwitch => "account_switch",
            Self::OtherLogin => "other_login",
            Self::Operator => "operator",
        }
    }
}

/// How it came that a session ends, for the audit.
#[derive(Clone, Debug)]
pub struct SessionEnding<'a> {
    pub by: EndedBy,
    /// The client that the request names: proven by its ID token where it ends the session by itself, else its word.
    pub client_id: Option<&'a ClientId>,
    pub origin: Origin,
}

impl Authority {
    /// The session of a cookie, if it lives and its user is enabled. What is not of our making is
    /// refused without a query.
    pub async fn find_browser_session(
        &self,
        tenant: &Tenant,
        cookie: &str,
    ) -> Result<Option<BrowserSession>, StoreError> {
        let Ok(secret) = SecretToken::parse(SecretKind::BrowserSession, cookie) else {
            return Ok(None);
        };
        let digests = digests::for_look_up(self.peppers(), &secret);
        let mut scope = self.database().tenant(tenant).await?;
        let session = scope.find_browser_session(&digests, self.now()).await?;
        scope.commit().await?;
        Ok(session.filter(|session| session.is_user_enabled))
    }

    /// Signing out. Grants live on: they are not sessions. Clients that want to know are told soon. What has ended
    /// already is not ended again, and nothing is said of it.
    pub async fn end_browser_session(
        &self,
        tenant: &Tenant,
        cookie: &str,
        ending: &SessionEnding<'_>,
    ) -> Result<(), StoreError> {
        let Some(session) = self.find_browser_session(tenant, cookie).await? else {
            return Ok(());
        };
        let now = self.now();
        let mut scope = self.database().tenant(tenant).await?;
        if !scope.delete_browser_session(session.session_id).await? {
            return Ok(());
        }
        scope
            .insert_logout_notices(&[session.session_id], now)
            .await?;
        let event = ended_event(&session, ending, now);
        scope
            .insert_audit_event(&event.into_row(self.random()))
            .await?;
        scope.commit().await?;
        self.metrics()
            .logouts
            .with_label_values(&[ending.by.as_str()])
            .inc();
        Ok(())
    }
}

fn ended_event(session: &BrowserSession, ending: &SessionEnding<'_>, now: Timestamp) -> AuditEvent {
    let event = AuditEvent::new(
        EventType::BrowserSessionEnded,
        Actor::User(session.user_id),
        now,
    )
    .at("browser_session", session.session_id)
    .origin(&ending.origin)
    .detail("by", ending.by.as_str());
    match ending.client_id {
        Some(client_id) => event.detail("client_id", client_id),
        None => event,
    }
}
