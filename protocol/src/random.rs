//! The seam for randomness. The one implementation for production lives in `crypto::system`.

/// A source of random bytes. Production uses a cryptographic generator; tests may repeat theirs.
pub trait Random: Send + Sync {
    fn fill(&self, bytes: &mut [u8]);
}
