//! Secrets on their way in and out: made, shown once, and kept as what cannot be shown.

use crypto::{Digest, PasswordError, Peppers, SecretKind, SecretToken};
use protocol::SecretText;
use secrecy::{ExposeSecret, SecretString};
use store::{SecretDigest, StoredSecret};

use crate::api::Api;
use crate::problem::{FieldProblem, Problem, ProblemKind};

/// A fresh secret: the text for the answer, the digest for the row.
pub fn generate(api: &Api, kind: SecretKind) -> (String, SecretDigest) {
    let token = SecretToken::generate(kind, api.random());
    let digest = as_stored(api.authority().peppers().digest(&token));
    (token.expose().to_owned(), digest)
}

/// Under every pepper, for a look-up.
pub fn digests(peppers: &Peppers, token: &SecretToken) -> Vec<SecretDigest> {
    peppers
        .digests_for_all(token)
        .into_iter()
        .map(as_stored)
        .collect()
}

fn as_stored(digest: Digest) -> SecretDigest {
    SecretDigest {
        bytes: digest.bytes,
        pepper_id: digest.pepper_id,
    }
}

/// Chosen or generated: the text for the answer, and what is kept of it.
pub async fn client_secret(
    api: &Api,
    kind: SecretKind,
    chosen: Option<SecretString>,
) -> Result<(String, StoredSecret), Problem> {
    let Some(secret) = chosen else {
        let (text, digest) = generate(api, kind);
        return Ok((text, StoredSecret::Generated(digest)));
    };
    let text = secret.expose_secret().to_owned();
    let hash = hash(api, "client_secret", secret).await?;
    Ok((
        text,
        StoredSecret::Chosen {
            hash: SecretText::new(hash),
        },
    ))
}

/// Argon2id on the pool that sign-ins use, so that many calls cannot starve them.
pub async fn hash(api: &Api, field: &str, secret: SecretString) -> Result<String, Problem> {
    api.authority()
        .password_hasher()
        .hash(secret)
        .await
        .map_err(|error| match error {
            PasswordError::TooLong => Problem::invalid(vec![FieldProblem {
                field: field.to_owned(),
                detail: error.to_string(),
            }]),
            PasswordError::Busy => Problem::new(
                ProblemKind::Busy,
                "Many passwords are being hashed; repeat the call in a moment.",
            ),
            PasswordError::Corrupt | PasswordError::Failed => Problem::internal(error),
        })
}
