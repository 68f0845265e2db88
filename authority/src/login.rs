//! Signing in: a name and a password become a browser session.
//!
//! Whether the name is unknown, the password wrong, the account locked or disabled: the answer is
//! the same and so is the work, one password computation (row M1). Limits are counted
//! before that work. Those of address and tenant refuse openly; the account's own does not, since
//! "locked" would tell that there is such an account.
//!
//! People who came from elsewhere have hashes that cost more to check. So a name that nobody has costs what one of
//! the tenant's people would cost, always the same one ([`scheme_of_nobody`]). At the first good sign-in the
//! password is hashed anew as ours are.

use std::net::IpAddr;
use std::time::Duration;

use crypto::password::MAX_PASSWORD_BYTES;
use crypto::{HashScheme, PasswordError, Peppers, SecretKind, SecretToken, Verification};
use protocol::folding::fold;
use protocol::ids::{SessionId, UserId};
use protocol::openid::OpenSession;
use protocol::{SecretText, Timestamp};
use secrecy::{ExposeSecret, SecretString};
use store::{
    LoginRecord, LoginUser, NewBrowserSession, PasswordCounts, QuotaKind, StoreError, Tenant,
    UserRecord,
};

use crate::Authority;
use crate::audit::{Actor, AuditEvent, EventType};
use crate::digests;
use crate::limits::{Limit, RateLimited};

/// Longer names are nobody's (row M4: never cut into another's).
const MAX_NAME_BYTES: usize = 1_000;
/// Of sessions that are over, when there seems to be no room for another.
const EXPIRED_AT_ONCE: u32 = 1_000;

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
    /// Name and password are right.
    #[error("the tenant may have no more sessions")]
    Full,
    #[error(transparent)]
    Store(StoreError),
}

impl From<StoreError> for LoginError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::QuotaReached(_) => Self::Full,
            error => Self::Store(error),
        }
    }
}

impl LoginError {
    const fn outcome(&self) -> &'static str {
        match self {
            Self::WrongCredentials => "failed",
            Self::Limited(_) => "limited",
            Self::Busy => "busy",
            Self::Full => "full",
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
        let found = self.find_login(tenant, &folded_name).await?;
        let verification = self
            .verify_password(tenant, &folded_name, &found, attempt)
            .await?;
        if let (true, Some(user)) = (is_locked, &found.user) {
            self.record_locked(tenant, user.user_id, attempt);
        }
        match found.user {
            Some(user) if verification.is_match() && user.is_enabled && !is_locked => {
                let renewed = self.renew_hash(verification, attempt).await;
                self.begin_session(tenant, &user, renewed.as_ref(), attempt)
                    .await
            }
            _ => Err(LoginError::WrongCredentials),
        }
    }

    async fn find_login(
        &self,
        tenant: &Tenant,
        folded_name: &str,
    ) -> Result<LoginRecord, StoreError> {
        let mut scope = self.database().tenant(tenant).await?;
        let found = scope.find_login(folded_name).await?;
        scope.commit().await?;
        Ok(found)
    }

    /// One computation, whoever it is about.
    async fn verify_password(
        &self,
        tenant: &Tenant,
        folded_name: &str,
        found: &LoginRecord,
        attempt: &LoginAttempt<'_>,
    ) -> Result<Verification, LoginError> {
        let (hasher, share) = (self.password_hasher(), tenant.id().as_uuid().as_u128());
        let password = attempt.password.clone();
        let user = found.user.as_ref();
        let stored = user.and_then(|user| user.password_hash.as_ref());
        let verified = if let Some(hash) = stored {
            hasher
                .verify_for(share, password, Some(hash.expose().to_owned()))
                .await
        } else {
            let scheme = scheme_of_nobody(self.peppers(), tenant, folded_name, &found.passwords);
            hasher.verify_nobody(share, password, scheme).await
        };
        verified.map_err(from_hasher)
    }

    /// The password hashed as ours are, where it was not. What does not succeed now does the next time.
    async fn renew_hash(
        &self,
        verification: Verification,
        attempt: &LoginAttempt<'_>,
    ) -> Option<SecretText> {
        if verification != (Verification::Matches { is_outdated: true }) {
            return None;
        }
        let hashed = self.password_hasher().hash(attempt.password.clone()).await;
        hashed.ok().map(SecretText::new)
    }

    /// Row S3: whoever runs the tenant hears of it. In a batch, so that the answer takes no longer.
    fn record_locked(&self, tenant: &Tenant, user_id: UserId, attempt: &LoginAttempt<'_>) {
        let event = AuditEvent::new(EventType::LoginLimited, Actor::System, self.now())
            .at("user", user_id)
            .request_id(Some(attempt.request_id))
            .address(Some(attempt.address));
        self.audit().record(tenant, event);
    }

    /// Where the quota is reached, sessions that are over make room first.
    async fn begin_session(
        &self,
        tenant: &Tenant,
        user: &LoginUser,
        renewed: Option<&SecretText>,
        attempt: &LoginAttempt<'_>,
    ) -> Result<LoggedIn, LoginError> {
        let begun = self.write_session(tenant, user, renewed, attempt).await;
        if !matches!(begun, Err(LoginError::Full)) {
            return begun;
        }
        let mut scope = self.database().tenant(tenant).await?;
        let expired = scope
            .delete_expired_browser_sessions(self.now(), EXPIRED_AT_ONCE)
            .await?;
        scope.commit().await?;
        let begun = if expired > 0 {
            self.write_session(tenant, user, renewed, attempt).await
        } else {
            begun
        };
        if matches!(begun, Err(LoginError::Full)) {
            let quota = QuotaKind::Sessions.as_str();
            self.metrics()
                .quota_refusals
                .with_label_values(&[quota])
                .inc();
        }
        begun
    }

    async fn write_session(
        &self,
        tenant: &Tenant,
        user: &LoginUser,
        renewed: Option<&SecretText>,
        attempt: &LoginAttempt<'_>,
    ) -> Result<LoggedIn, LoginError> {
        let now = self.now();
        let user_id = user.user_id;
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
        if !again.is_some_and(|it| is_same_login(&it, user)) {
            return Err(LoginError::WrongCredentials);
        }
        // Row L2: another secret. The name stays: the clients of the session know it as `sid`.
        let is_renewed = own.is_some() && scope.renew_browser_session(&session).await?;
        if !is_renewed {
            session.session_id = new_id();
            scope.insert_browser_session(&session, now).await?;
        }
        let mut event = AuditEvent::new(EventType::LoginSucceeded, Actor::User(user_id), now)
            .at("browser_session", session.session_id)
            .request_id(Some(attempt.request_id))
            .address(Some(attempt.address));
        // After the session: what is counted is counted in one order.
        if let (Some(new), Some(checked)) = (renewed, &user.password_hash) {
            scope.replace_password_hash(user_id, checked, new).await?;
            event = event.detail("password_hash", "renewed");
        }
        scope
            .insert_audit_event(&event.into_row(self.random()))
            .await?;
        scope.commit().await?;
        if renewed.is_some() {
            self.metrics().password_hashes_renewed.inc();
        }
        Ok(LoggedIn {
            user_id,
            session_secret,
            authenticated_at: now,
            session_lifetime,
        })
    }
}

/// What checking the password of somebody who does not exist shall cost: what it costs of one of the tenant's
/// people, as likely as each of them is there. A name is always like the same one, so asking twice tells nothing; and
/// as people's hashes are renewed, names that nobody has become quicker with them.
fn scheme_of_nobody(
    peppers: &Peppers,
    tenant: &Tenant,
    folded_name: &str,
    passwords: &PasswordCounts,
) -> Option<HashScheme> {
    if passwords.foreign.is_empty() {
        return None;
    }
    let place = tenant.id().as_uuid();
    let mut picked = peppers.pick(place.as_bytes(), folded_name, passwords.users);
    for (scheme, users) in &passwords.foreign {
        if picked < *users {
            return HashScheme::parse(scheme);
        }
        picked -= users;
    }
    None
}

fn is_same_login(now: &UserRecord, checked: &LoginUser) -> bool {
    let hash = |hash: &Option<SecretText>| hash.as_ref().map(SecretText::expose).map(str::to_owned);
    now.user.is_enabled && hash(&now.password_hash) == hash(&checked.password_hash)
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
