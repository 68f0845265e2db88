//! Passwords, and secrets that an operator chose: argon2id on a bounded pool. Hashes that other software made are
//! checked as they are ([`foreign`]).
//!
//! One computation costs 20 ms and 19 MiB, so at most as many run as there are cores, a bounded number
//! waits, and the rest is told [`PasswordError::Busy`] (503): a burst of logins starves nobody (M9).
//! An unknown user costs the same computation, against a dummy hash (M1, E5), and computations are
//! counted so that a test can say so. Foreign hashes may cost more: they have half of the cores at most and a short
//! queue of their own, and an unknown user costs what the tenant's people cost ([`PasswordHasher::verify_nobody`]).
//!
//! Not here: secrets of our own making. They are random, so a keyed digest does ([`crate::peppers`]).

mod foreign;
mod shares;

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock};

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use argon2::{Algorithm, Argon2, Params, Version};
use protocol::random::Random;
use secrecy::{ExposeSecret as _, SecretString};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use shares::Shares;

pub use foreign::{Argon2Variant, ForeignHash, ForeignHashError, HashScheme, Pbkdf2Digest};

/// Longer ones are refused before any hashing (M4).
pub const MAX_PASSWORD_BYTES: usize = 1_024;

const MEMORY_KIB: u32 = 19_456;
const ITERATIONS: u32 = 2;
const LANES: u32 = 1;
const SALT_BYTES: usize = 16;

/// Hashed in place of a stored hash that does not exist: same parameters, matches no password.
const DUMMY_HASH: &str = "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA\
    $AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PasswordError {
    #[error("a password has at most {MAX_PASSWORD_BYTES} bytes")]
    TooLong,
    #[error("too many passwords are being checked")]
    Busy,
    #[error("a stored password hash cannot be read")]
    Corrupt,
    #[error("argon2 failed")]
    Failed,
}

/// What a check found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verification {
    /// Right. `is_outdated`: the hash was not made as ours are today, hash the password anew.
    Matches {
        is_outdated: bool,
    },
    Differs,
}

impl Verification {
    pub fn is_match(self) -> bool {
        matches!(self, Self::Matches { .. })
    }
}

/// Today's parameters (OWASP's floor for argon2id).
fn argon2() -> &'static Argon2<'static> {
    static ARGON2: LazyLock<Argon2<'static>> = LazyLock::new(|| {
        let params = Params::new(MEMORY_KIB, ITERATIONS, LANES, None).unwrap_or(Params::DEFAULT);
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
    });
    &ARGON2
}

/// Hashes on the calling thread: for commands and fixtures. Requests go through [`PasswordHasher`].
pub fn hash(password: &SecretString, random: &dyn Random) -> Result<String, PasswordError> {
    let password = checked(password)?;
    let mut salt = [0_u8; SALT_BYTES];
    random.fill(&mut salt);
    let hash = argon2().hash_password_with_salt(password, &salt);
    hash.map(|hash| hash.to_string())
        .map_err(|_| PasswordError::Failed)
}

/// Checks on the calling thread. `stored` is `None` for an unknown user: the same work, then `Differs`.
pub fn verify(
    password: &SecretString,
    stored: Option<&str>,
) -> Result<Verification, PasswordError> {
    let password = checked(password)?;
    if let Some(checked) = stored.and_then(|stored| foreign::verify(password, stored)) {
        return Ok(if checked? {
            Verification::Matches { is_outdated: true }
        } else {
            Verification::Differs
        });
    }
    let parsed =
        PasswordHash::new(stored.unwrap_or(DUMMY_HASH)).map_err(|_| PasswordError::Corrupt)?;
    // The parameters of the stored hash apply, and the comparison takes constant time.
    let is_match = argon2().verify_password(password, &parsed).is_ok();
    if !is_match || stored.is_none() {
        return Ok(Verification::Differs);
    }
    Ok(Verification::Matches {
        is_outdated: is_outdated(&parsed),
    })
}

fn checked(password: &SecretString) -> Result<&[u8], PasswordError> {
    let bytes = password.expose_secret().as_bytes();
    if bytes.len() > MAX_PASSWORD_BYTES {
        return Err(PasswordError::TooLong);
    }
    Ok(bytes)
}

fn is_outdated(hash: &PasswordHash) -> bool {
    let is_current_algorithm = hash.algorithm == Algorithm::Argon2id.ident();
    // Stronger ones too: checking takes as long for everybody, so that it says nothing of whose hash it was.
    let has_current_params = Params::try_from(hash).is_ok_and(|params| {
        (params.m_cost(), params.t_cost(), params.p_cost()) == (MEMORY_KIB, ITERATIONS, LANES)
    });
    !(is_current_algorithm && has_current_params)
}

/// The bounded pool. Clones share it.
#[derive(Clone)]
pub struct PasswordHasher {
    random: Arc<dyn Random>,
    /// Who may wait or compute; when none is left, the answer is `Busy` at once.
    places: Arc<Semaphore>,
    /// Who may compute.
    cores: Arc<Semaphore>,
    /// The same two, for hashes that are not ours and may cost many times as much.
    foreign_places: Arc<Semaphore>,
    foreign_cores: Arc<Semaphore>,
    /// Of the foreign places, whose they are: a tenant has half of them at most.
    foreign_shares: Shares,
    computations: Arc<AtomicU64>,
    foreign_computations: Arc<AtomicU64>,
}

impl PasswordHasher {
    /// `cores` computations at a time, `queue` more waiting.
    pub fn new(random: Arc<dyn Random>, cores: NonZeroUsize, queue: usize) -> Self {
        let cores = cores.get().min(1_024);
        let queue = queue.min(100_000);
        let foreign = cores.div_ceil(2);
        let foreign_places = foreign + queue.div_ceil(8);
        Self {
            random,
            places: Arc::new(Semaphore::new(cores + queue)),
            cores: Arc::new(Semaphore::new(cores)),
            foreign_places: Arc::new(Semaphore::new(foreign_places)),
            foreign_cores: Arc::new(Semaphore::new(foreign)),
            foreign_shares: Shares::of(foreign_places.div_ceil(2)),
            computations: Arc::default(),
            foreign_computations: Arc::default(),
        }
    }

    pub async fn hash(&self, password: SecretString) -> Result<String, PasswordError> {
        checked(&password)?;
        let random = Arc::clone(&self.random);
        self.compute(move || hash(&password, &*random)).await
    }

    /// `stored` is `None` for an unknown user: the same work is done, and the answer is `Differs`.
    pub async fn verify(
        &self,
        password: SecretString,
        stored: Option<String>,
    ) -> Result<Verification, PasswordError> {
        self.verify_for(0, password, stored).await
    }

    /// The same for somebody of `tenant`: of the places for foreign hashes, one tenant has half at most.
    pub async fn verify_for(
        &self,
        tenant: u128,
        password: SecretString,
        stored: Option<String>,
    ) -> Result<Verification, PasswordError> {
        checked(&password)?;
        let is_foreign = stored.as_deref().and_then(HashScheme::of).is_some();
        let work = move || verify(&password, stored.as_deref());
        if is_foreign {
            self.compute_foreign(tenant, work).await
        } else {
            self.compute(work).await
        }
    }

    /// For an unknown user, where people have foreign hashes: the work of a hash of this scheme, in the same
    /// queue, and always `Differs`.
    pub async fn verify_nobody(
        &self,
        tenant: u128,
        password: SecretString,
        scheme: Option<HashScheme>,
    ) -> Result<Verification, PasswordError> {
        let dummy = scheme.map(HashScheme::dummy);
        self.verify_for(tenant, password, dummy).await?;
        Ok(Verification::Differs)
    }

    /// How many computations were begun since start.
    pub fn computations(&self) -> u64 {
        self.computations.load(Ordering::Relaxed)
    }

    /// How many of them were of hashes that are not ours.
    pub fn foreign_computations(&self) -> u64 {
        self.foreign_computations.load(Ordering::Relaxed)
    }

    async fn compute_foreign<T, F>(&self, tenant: u128, work: F) -> Result<T, PasswordError>
    where
        T: Send + 'static,
        F: FnOnce() -> Result<T, PasswordError> + Send + 'static,
    {
        let share = self
            .foreign_shares
            .take(tenant)
            .ok_or(PasswordError::Busy)?;
        let place = Arc::clone(&self.foreign_places)
            .try_acquire_owned()
            .map_err(|_| PasswordError::Busy)?;
        let core = Arc::clone(&self.foreign_cores)
            .acquire_owned()
            .await
            .map_err(|_| PasswordError::Busy)?;
        self.foreign_computations.fetch_add(1, Ordering::Relaxed);
        // They go with the work, as those of `compute` do.
        self.compute(move || {
            let result = work();
            drop((share, place, core));
            result
        })
        .await
    }

    async fn compute<T, F>(&self, work: F) -> Result<T, PasswordError>
    where
        T: Send + 'static,
        F: FnOnce() -> Result<T, PasswordError> + Send + 'static,
    {
        let place = Arc::clone(&self.places)
            .try_acquire_owned()
            .map_err(|_| PasswordError::Busy)?;
        let core = Arc::clone(&self.cores)
            .acquire_owned()
            .await
            .map_err(|_| PasswordError::Busy)?;
        let computations = Arc::clone(&self.computations);
        // The permits go with the work: a caller who hangs up does not make room while the core is busy.
        let permits: [OwnedSemaphorePermit; 2] = [place, core];
        let task = tokio::task::spawn_blocking(move || {
            computations.fetch_add(1, Ordering::Relaxed);
            let result = work();
            drop(permits);
            result
        });
        task.await.map_err(|_| PasswordError::Failed)?
    }
}

impl std::fmt::Debug for PasswordHasher {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("PasswordHasher")
            .field("free_cores", &self.cores.available_permits())
            .field("computations", &self.computations())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::system::SystemRandom;

    fn secret(text: &str) -> SecretString {
        SecretString::from(text)
    }

    fn hasher(cores: usize, queue: usize) -> PasswordHasher {
        PasswordHasher::new(
            Arc::new(SystemRandom),
            NonZeroUsize::new(cores).unwrap(),
            queue,
        )
    }

    #[test]
    fn a_password_matches_its_own_hash_only() {
        let hashed = hash(&secret("correct horse"), &SystemRandom).unwrap();
        assert!(
            hashed.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"),
            "{hashed}"
        );
        assert_eq!(
            verify(&secret("correct horse"), Some(&hashed)).unwrap(),
            Verification::Matches { is_outdated: false }
        );
        assert_eq!(
            verify(&secret("correct horsf"), Some(&hashed)).unwrap(),
            Verification::Differs
        );
        assert_ne!(
            hash(&secret("correct horse"), &SystemRandom).unwrap(),
            hashed
        );
    }

    #[test]
    fn the_dummy_hash_is_readable_has_todays_parameters_and_matches_nothing() {
        assert!(!is_outdated(&PasswordHash::new(DUMMY_HASH).unwrap()));
        for password in ["", "password", "\0"] {
            assert_eq!(
                verify(&secret(password), None).unwrap(),
                Verification::Differs
            );
            assert_eq!(
                verify(&secret(password), Some(DUMMY_HASH)).unwrap(),
                Verification::Differs
            );
        }
    }

    #[test]
    fn a_hash_with_weaker_parameters_still_matches_and_is_outdated() {
        let params = Params::new(64, 1, 1, None).unwrap();
        let weak = Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_with_salt(b"old", &[5; SALT_BYTES])
            .unwrap()
            .to_string();
        assert_eq!(
            verify(&secret("old"), Some(&weak)).unwrap(),
            Verification::Matches { is_outdated: true }
        );
    }

    #[test]
    fn a_hash_that_cannot_be_read_is_an_error_and_no_match() {
        for stored in ["", "plain", "$argon2id$", "$2b$12$abcdefghijklmnopqrstuv"] {
            assert_eq!(
                verify(&secret("plain"), Some(stored)),
                Err(PasswordError::Corrupt),
                "{stored}"
            );
        }
    }

    /// M4: refused before hashing, and never cut short.
    #[tokio::test]
    async fn an_overlong_password_costs_no_computation() {
        let hasher = hasher(1, 1);
        let longest = secret(&"x".repeat(MAX_PASSWORD_BYTES));
        let too_long = secret(&"x".repeat(MAX_PASSWORD_BYTES + 1));
        let stored = hasher.hash(longest.clone()).await.unwrap();
        assert_eq!(
            hasher.hash(too_long.clone()).await,
            Err(PasswordError::TooLong)
        );
        assert_eq!(
            hasher.verify(too_long, Some(stored.clone())).await,
            Err(PasswordError::TooLong)
        );
        assert_eq!(hasher.computations(), 1);
        assert!(
            hasher
                .verify(longest, Some(stored))
                .await
                .unwrap()
                .is_match()
        );
    }

    /// M1, E5: counted, not timed.
    #[tokio::test]
    async fn an_unknown_user_costs_what_a_wrong_password_costs() {
        let hasher = hasher(1, 4);
        let stored = hasher.hash(secret("right")).await.unwrap();
        let before = hasher.computations();
        assert_eq!(
            hasher.verify(secret("wrong"), Some(stored)).await.unwrap(),
            Verification::Differs
        );
        let wrong = hasher.computations() - before;
        assert_eq!(
            hasher.verify(secret("wrong"), None).await.unwrap(),
            Verification::Differs
        );
        assert_eq!(hasher.computations() - before - wrong, wrong);
        assert_eq!(wrong, 1);
    }

    /// M9: one computes, two wait, the rest is refused at once, and the pool recovers.
    #[tokio::test]
    async fn more_than_cores_and_queue_are_told_busy() {
        let hasher = hasher(1, 2);
        let calls = (0..8).map(|_| {
            let hasher = hasher.clone();
            tokio::spawn(async move { hasher.verify(secret("x"), None).await })
        });
        let calls: Vec<_> = calls.collect();
        let mut busy = 0;
        for call in calls {
            match call.await.unwrap() {
                Ok(verification) => assert_eq!(verification, Verification::Differs),
                Err(error) => {
                    assert_eq!(error, PasswordError::Busy);
                    busy += 1;
                }
            }
        }
        assert_eq!(busy, 5);
        assert_eq!(hasher.computations(), 3);
        assert!(hasher.verify(secret("x"), None).await.is_ok());
    }

    /// Foreign hashes may cost many times as much: they never have all cores, nor the whole queue.
    #[tokio::test]
    async fn foreign_hashes_leave_half_of_the_cores_and_most_of_the_queue() {
        let hasher = hasher(2, 8);
        let scheme = HashScheme::parse("bcrypt:4");
        let held = Arc::clone(&hasher.foreign_cores)
            .acquire_owned()
            .await
            .unwrap();
        assert_eq!(hasher.foreign_cores.available_permits(), 0, "one of two");
        let waiting = (0..4).map(|tenant| {
            let hasher = hasher.clone();
            // Each of a tenant of its own.
            tokio::spawn(async move { hasher.verify_nobody(tenant, secret("x"), scheme).await })
        });
        let waiting: Vec<_> = waiting.collect();
        while hasher.foreign_places.available_permits() > 0 {
            tokio::task::yield_now().await;
        }
        // Ours go on meanwhile.
        let ours = hasher.verify_nobody(9, secret("x"), None).await.unwrap();
        assert_eq!(ours, Verification::Differs);
        assert_eq!(
            (hasher.computations(), hasher.foreign_computations()),
            (1, 0)
        );
        drop(held);
        let mut busy = 0;
        for call in waiting {
            match call.await.unwrap() {
                Ok(verification) => assert_eq!(verification, Verification::Differs),
                Err(error) => {
                    assert_eq!(error, PasswordError::Busy);
                    busy += 1;
                }
            }
        }
        assert_eq!(busy, 2);
        assert_eq!(
            (hasher.computations(), hasher.foreign_computations()),
            (3, 2)
        );
        assert_eq!(hasher.foreign_places.available_permits(), 2);
    }

    /// Weaker or stronger: everybody's costs the same once they have signed in.
    #[test]
    fn a_hash_with_stronger_parameters_is_made_anew_too() {
        let params = Params::new(MEMORY_KIB * 2, ITERATIONS, LANES, None).unwrap();
        let strong = Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_with_salt(b"old", &[5; SALT_BYTES])
            .unwrap()
            .to_string();
        assert_eq!(
            verify(&secret("old"), Some(&strong)).unwrap(),
            Verification::Matches { is_outdated: true }
        );
    }

    #[tokio::test]
    async fn a_caller_who_gives_up_leaves_the_queue() {
        let hasher = hasher(1, 1);
        let held = Arc::clone(&hasher.cores).acquire_owned().await.unwrap();
        let waiting = tokio::spawn({
            let hasher = hasher.clone();
            async move { hasher.verify(secret("x"), None).await }
        });
        while hasher.places.available_permits() > 1 {
            tokio::task::yield_now().await;
        }
        waiting.abort();
        assert!(waiting.await.unwrap_err().is_cancelled());
        assert_eq!(hasher.places.available_permits(), 2);
        drop(held);
        assert_eq!(hasher.computations(), 0);
        assert!(hasher.verify(secret("x"), None).await.is_ok());
    }
}
