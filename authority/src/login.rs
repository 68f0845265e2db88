//! Signing in: a name and a password become a browser session.
//!
//! Whether the name is unknown, the password wrong, the account locked or disabled: the answer is
//! the same and so is the work, one password computation (row M1). Limits are counted
//! before that work. Those of address and tenant refuse openly; the account's own does not, since
//! "locked" would tell that there is such an account.

use std::net::IpAddr;
use std::time::Duration;

use crypto::password::MAX_PASSWORD_BYTES;
use crypto::{PasswordError, SecretKind, SecretToken};
use protocol::folding::fold;
use protocol::ids::{SessionId, UserId};
use protocol::openid::OpenSession;
use protocol::{SecretText, Timestamp};
use secrecy::{ExposeSecret, SecretString};
use store::{NewBrowserSession, StoreError, Tenant, UserRecord};

use crate::Authority;
use crate::audit::{Actor, AuditEvent, EventType};
use crate::digests;
use crate::limits::{Limit, RateLimited};

/// Longer names are nobody's (row M4: never cut into another's).
const MAX_NAME_BYTES: usize = 1_000;

/// What a person typed, and from where.
pub struct LoginAttempt<'a> {
    pub name: &'a str,
    pub password: &'a SecretString,
    pub address: IpAddr,
    pub request_id: &'a str,
    /// Who is signed in in this browser so far. The same person goes on in the same session.
    pub current: Option<OpenSession>,
}

/// A new session. The secret goes into the cookie and nowhere else.
pub struct LoggedIn {
    pub user_id: UserId,
    pub session_secret: SecretToken,
    pub authenticated_at: Timestamp,
    pub session_lifetime: Duration,
}

#[derive(Debug, thiserror::Error)]
pub enum LoginError {
    /// Also for locked and disabled accounts; nobody outside can tell.
    #[error("unknown name or wrong password")]
    WrongCredentials,
    #[error(transparent)]
    Limited(#[from] RateLimited),
    /// 503 with `Retry-After`.
    #[error("too many people are signing in")]
    Busy,
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl LoginError {
    const fn outcome(&self) -> &'static str {
        match self {
            Self::WrongCredentials => "failed",
            Self::Limited(_) => "limited",
            Self::Busy => "busy",
            Self::Store(_) => "error",
        }
    }
}

impl Authority {
    /// Checks name and password, begins a session and records it, in one transaction.
    pub async fn log_in(
        &self,
        tenant: &Tenant,
        attempt: LoginAttempt<'_>,
    ) -> Result<LoggedIn, LoginError> {
        let outcome = self.try_log_in(tenant, &attempt).await;
        let label = outcome
            .as_ref()
            .map_or_else(LoginError::outcome, |_| "succeeded");
        self.metrics().logins.with_label_values(&[label]).inc();
        if let Err(LoginError::Store(_)) = &outcome {
            self.metrics().database_errors.inc();
        }
        outcome
    }

    async fn try_log_in(
        &self,
        tenant: &Tenant,
        attempt: &LoginAttempt<'_>,
    ) -> Result<LoggedIn, LoginError> {
        let tenant_id = Some(tenant.id());
        let limits = self.limits();
        limits
            .take_by_address(Limit::LoginAddress, tenant_id, attempt.address)
            .await?;
        limits.take(Limit::LoginTenant, tenant_id, "").await?;
        // Row M4: refused before hashing, whoever it would have been.
        let is_too_long = attempt.password.expose_secret().len() > MAX_PASSWORD_BYTES
            || attempt.name.len() > MAX_NAME_BYTES;
        if is_too_long {
            return Err(LoginError::WrongCredentials);
        }
        let folded_name = fold(attempt.name);
        let is_locked = limits
            .take(Limit::LoginAccount, tenant_id, &folded_name)
            .await
            .is_err();
        let found = self.find_user_of_name(tenant, &folded_name).await?;
        let stored = found
            .as_ref()
            .and_then(|record| record.password_hash.as_ref())
            .map(|hash| hash.expose().to_owned());
        let verification = self
            .password_hasher()
            .verify(attempt.password.clone(), stored)
            .await
            .map_err(from_hasher)?;
        if let (true, Some(record)) = (is_locked, &found) {
            self.record_locked(tenant, record.user.user_id, attempt);
        }
        match found {
            Some(record) if verification.is_match() && record.user.is_enabled && !is_locked => {
                self.begin_session(tenant, &record, attempt).await
            }
            _ => Err(LoginError::WrongCredentials),
        }
    }

    async fn find_user_of_name(
        &self,
        tenant: &Tenant,
        folded_name: &str,
    ) -> Result<Option<UserRecord>, StoreError> {
        let mut scope = self.database().tenant(tenant).await?;
        let found = scope.find_user_by_username(folded_name).await?;
        scope.commit().await?;
        Ok(found)
    }

    /// Row S3: whoever runs the tenant hears of it. In a batch, so that the answer takes no longer.
    fn record_locked(&self, tenant: &Tenant, user_id: UserId, attempt: &LoginAttempt<'_>) {
        let event = AuditEvent::new(EventType::LoginLimited, Actor::System, self.now())
            .at("user", user_id)
            .request_id(Some(attempt.request_id))
            .address(Some(attempt.address));
        self.audit().record(tenant, event);
    }

    async fn begin_session(
        &self,
        tenant: &Tenant,
        record: &UserRecord,
        attempt: &LoginAttempt<'_>,
    ) -> Result<LoggedIn, LoginError> {
        let now = self.now();
        let user_id = record.user.user_id;
        let session_lifetime = tenant.settings().browser_session_lifetime;
        let session_secret = SecretToken::generate(SecretKind::BrowserSession, self.random());
        let own = attempt.current.filter(|current| current.user_id == user_id);
        let new_id = || SessionId::generate(self.random(), now);
        let mut session = NewBrowserSession {
            session_id: own.map_or_else(new_id, |current| current.session_id),
            digest: digests::to_store(&self.peppers().digest(&session_secret)),
            user_id,
            authenticated_at: now,
            expires_at: now + session_lifetime,
        };
        let mut scope = self.database().tenant(tenant).await?;
        // The password may have been changed, or the user disabled, while it was being checked. Locked: who
        // does so from now on finds the session, and ends it.
        let again = scope.find_user_for_update(user_id).await?;
        if !again.is_some_and(|it| is_same_login(&it, record)) {
            return Err(LoginError::WrongCredentials);
        }
        // Row L2: another secret. The name stays: the clients of the session know it as `sid`.
        let is_renewed = own.is_some() && scope.renew_browser_session(&session).await?;
        if !is_renewed {
            session.session_id = new_id();
            scope.insert_browser_session(&session, now).await?;
        }
        let event = AuditEvent::new(EventType::LoginSucceeded, Actor::User(user_id), now)
            .at("browser_session", session.session_id)
            .request_id(Some(attempt.request_id))
            .address(Some(attempt.address));
        scope
            .insert_audit_event(&event.into_row(self.random()))
            .await?;
        scope.commit().await?;
        Ok(LoggedIn {
            user_id,
            session_secret,
            authenticated_at: now,
            session_lifetime,
        })
    }
}

fn is_same_login(now: &UserRecord, checked: &UserRecord) -> bool {
    let hash = |record: &UserRecord| {
        record
            .password_hash
            .as_ref()
            .map(SecretText::expose)
            .map(str::to_owned)
    };
    now.user.is_enabled && hash(now) == hash(checked)
}

fn from_hasher(error: PasswordError) -> LoginError {
    match error {
        PasswordError::TooLong => LoginError::WrongCredentials,
        PasswordError::Busy => LoginError::Busy,
        PasswordError::Corrupt | PasswordError::Failed => {
            StoreError::Corrupt(error.to_string()).into()
        }
    }
}
