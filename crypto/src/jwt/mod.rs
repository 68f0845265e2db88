//! JWTs: one function that signs, one that verifies ours, one type for those of others, one for proofs that
//! bring their own key. `jsonwebtoken` is
//! used nowhere else, because as it comes it parses the private key at every signature and accepts what
//! RFC 8725 and RFC 9068 refuse (unknown `crit`, `b64: false`, an array of audiences, missing claims).
//!
//! Not here: what an access token claims (`protocol::token`), whether it is revoked (`authority`).
//! To add a kind of token: nothing; the caller names its `typ`.

mod dpop_proof;
mod foreign;
mod header;
mod provider;
mod sign;
mod verify;

#[cfg(test)]
mod refusals;

pub use dpop_proof::DpopProof;
pub use foreign::{ForeignJwt, verify_software_statement};
pub use sign::{SignError, sign};
pub use verify::{
    Expected, MAX_LEEWAY, MAX_TOKEN_BYTES, VerifiedToken, VerifyError, verify, verify_ended,
};

/// A header, claims or a JWK set: nothing of theirs that we read is deeper.
pub(crate) type UniqueObject = protocol::strict_json::UniqueObject<32>;
