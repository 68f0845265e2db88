//! Who is signed in in a browser: found by the secret in its cookie, ended by signing out.
//!
//! Sessions are live state and always read. They begin in `login`.

use crypto::{SecretKind, SecretToken};
use store::{BrowserSession, StoreError, Tenant};

use crate::Authority;
use crate::audit::{Actor, AuditEvent, EventType};
use crate::digests;

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

    /// Signing out. Grants live on: they are not sessions. Clients that want to know are told soon.
    pub async fn end_browser_session(
        &self,
        tenant: &Tenant,
        cookie: &str,
    ) -> Result<(), StoreError> {
        let Some(session) = self.find_browser_session(tenant, cookie).await? else {
            return Ok(());
        };
        let now = self.now();
        let event = AuditEvent::new(EventType::LoggedOut, Actor::User(session.user_id), now)
            .at("browser_session", session.session_id);
        let mut scope = self.database().tenant(tenant).await?;
        if scope.delete_browser_session(session.session_id).await? {
            scope
                .insert_logout_notices(&[session.session_id], now)
                .await?;
        }
        scope
            .insert_audit_event(&event.into_row(self.random()))
            .await?;
        scope.commit().await
    }
}
