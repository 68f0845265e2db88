//! A change of keys, begun anew where a key has to be made first: outside of the transaction, because it takes long.

use authority::Authority;
use authority::key_ring::KeyRingError;
use authority::signing_key_rotation::{ActedBy, KeyAttempt, KeyChange};
use crypto::SealedSigningKey;
use store::TenantScope;

use crate::api::Api;
use crate::mutation::Mutation;
use crate::principal::TenantWrite;
use crate::principal::kinds::SigningKeys;
use crate::problem::{Problem, ProblemKind};
use crate::signing_keys::failed;

/// A key had to be made first, or another replica was faster.
const MOST_ATTEMPTS: u32 = 8;

/// What is to be done in each transaction.
pub trait Attempt<T> {
    async fn run(
        &self,
        authority: &Authority,
        scope: &mut TenantScope,
        by: &ActedBy,
        made: Vec<SealedSigningKey>,
    ) -> Result<KeyAttempt<T>, KeyRingError>;
}

/// The transaction in which it was done, and what it came to.
pub async fn change_keys<T>(
    access: &TenantWrite<SigningKeys>,
    api: &Api,
    by: &ActedBy,
    attempt: &impl Attempt<T>,
) -> Result<(Mutation<TenantScope>, KeyChange<T>), Problem> {
    let authority = api.authority();
    let mut made = Vec::new();
    for _ in 0..MOST_ATTEMPTS {
        let mut scope = access.open(api).await?;
        let tried = attempt.run(authority, &mut scope, by, made.clone());
        match tried.await {
            Ok(KeyAttempt::Made(change)) => return Ok((scope, change)),
            Ok(KeyAttempt::Lacks(algorithm)) => {
                scope.end().await?;
                let key = authority.make_signing_key(&access.tenant, algorithm);
                made.push(key.await.map_err(failed)?);
            }
            Err(KeyRingError::Store(error)) if error.conflict().is_some() => {
                tracing::debug!(%error, "another replica was faster");
            }
            Err(error) => return Err(failed(error)),
        }
    }
    Err(Problem::new(
        ProblemKind::Contended,
        "The keys of this tenant are being changed by others; repeat the call.",
    ))
}
