//! Asking a host whether it is its claimant's: one `GET` through the guard, and a comparison.
//!
//! What it is not: the claim (`store::issuer_hosts`), or what follows from a proof (`admin-api`). Whoever asks sees why
//! it failed, in words that tell nothing of what stands at an address inside (row K11), nor what was found.

use outbound::{FetchError, FetchKind, FetchRequest, UrlFault};
use protocol::issuer_host::IssuerHost;

use crate::Authority;

/// All are asked on the platform's account: no tenant is there yet.
const PLATFORM_SHARE: u128 = 0;

/// Why nothing is proved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IssuerHostError {
    #[error("{0}")]
    Url(UrlFault),
    #[error("the host cannot be reached at an address of the public internet")]
    Unreachable,
    #[error("the host's TLS certificate is not good for its name, or it speaks no TLS")]
    Tls,
    #[error("the host did not answer in time")]
    Late,
    #[error("the host answered with a redirect (status {0}), which is not followed")]
    Redirect(u16),
    #[error("the host answered with status {0}")]
    Status(u16),
    #[error("the host's answer cannot be read: compressed, broken off, or longer than 1024 bytes")]
    Unreadable,
    #[error("too many hosts are being asked, or this one too often, just now")]
    Busy,
    #[error("the host answered with something else")]
    Mismatch,
}

impl From<FetchError> for IssuerHostError {
    fn from(error: FetchError) -> Self {
        match error {
            FetchError::NotAllowed(fault) => Self::Url(fault),
            // One answer: which of these it was would tell what names lead to inside.
            FetchError::SpecialUse | FetchError::Resolve | FetchError::Connect => Self::Unreachable,
            FetchError::Tls => Self::Tls,
            FetchError::Timeout => Self::Late,
            FetchError::Redirect(status) => Self::Redirect(status),
            FetchError::Status(status) => Self::Status(status),
            FetchError::Busy => Self::Busy,
            FetchError::TooLarge
            | FetchError::Broken
            | FetchError::MediaType
            | FetchError::Encoding
            | FetchError::NotUtf8 => Self::Unreadable,
        }
    }
}

impl Authority {
    /// Whether the guard would go there, as far as the name tells.
    pub fn check_issuer_host(&self, host: &IssuerHost) -> Result<(), UrlFault> {
        // Nothing is proved about a host of this machine, which is everybody's own: not in development either.
        self.outbound()
            .url_rules(false)
            .check(&host.proof_url(), FetchKind::IssuerHost)
            .map(drop)
    }

    /// Whether the host says what it was asked to say.
    pub async fn prove_issuer_host(
        &self,
        host: &IssuerHost,
        challenge: &str,
    ) -> Result<(), IssuerHostError> {
        let proved = self.ask_issuer_host(host, challenge).await;
        let outcome = match proved {
            Ok(()) => "verified",
            Err(IssuerHostError::Mismatch) => "mismatch",
            Err(_) => "not_fetched",
        };
        let counted = &self.metrics().issuer_host_checks;
        counted.with_label_values(&[outcome]).inc();
        proved
    }

    async fn ask_issuer_host(
        &self,
        host: &IssuerHost,
        challenge: &str,
    ) -> Result<(), IssuerHostError> {
        let request = FetchRequest {
            url: &host.proof_url(),
            kind: FetchKind::IssuerHost,
            is_known: false,
            share: PLATFORM_SHARE,
            issuer_is_loopback: false,
        };
        let fetched = self.outbound().fetch(&request).await;
        let outcome = fetched
            .as_ref()
            .map_or_else(FetchError::reason, |_| "fetched");
        let counted = &self.metrics().outbound_fetches;
        counted
            .with_label_values(&[FetchKind::IssuerHost.as_str(), outcome])
            .inc();
        let body = fetched?.body;
        // An editor ends a file with a line end.
        if crypto::constant_time::equal(body.trim_ascii(), challenge.as_bytes()) {
            Ok(())
        } else {
            Err(IssuerHostError::Mismatch)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Row K11: a name that leads inside, one that leads nowhere and a closed port read the same.
    #[test]
    fn what_stands_inside_is_not_told() {
        for error in [
            FetchError::SpecialUse,
            FetchError::Resolve,
            FetchError::Connect,
        ] {
            assert_eq!(IssuerHostError::from(error), IssuerHostError::Unreachable);
        }
    }
}
