//! Proof of possession by the client's own key (RFC 9449): what a proof must say, the name of a key, and
//! how a token that is bound to one is shown and refused.
//!
//! Not here: the signature of a proof and the nonces (`crypto::dpop`), that a proof counts once (`store`),
//! and the order of it all (`authority::dpop`).
//!
//! To accept proofs at one more endpoint: its URL in [`ProofRules::urls`], and a call of
//! `Authority::check_dpop_proof` where the request is read.

mod challenge;
mod proof;
mod thumbprint;

pub use challenge::{DpopChallenge, token_from_header};
pub use proof::{
    DpopError, MAX_AGE, MAX_JTI_BYTES, MAX_SKEW, PROOF_TOKEN_TYPE, ProofRules, RightProof,
    access_token_hash, check_proof, shown_once,
};
pub use thumbprint::{Confirmation, InvalidThumbprint, JwkThumbprint};
