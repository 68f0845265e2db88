//! Hosts that tenants' issuers may be at, and how somebody proves that a host is theirs: a text of ours at a path of
//! the host.
//!
//! What it is not: the fetch (`authority`), or who may go without a proof (`admin-api`).

use std::fmt;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::issuer::{Issuer, IssuerLocation};
use crate::random::Random;

/// Where a host shows its proof. Nothing of Writ's ever answers here: a name that was left pointing at Writ must prove
/// nothing. No issuer's path begins with a dot (`issuer`), so no tenant gets there either.
pub const PROOF_PATH: &str = "/.well-known/writ-issuer-host";

/// How long a claim waits for its proof.
pub const CLAIM_LIFETIME: Duration = Duration::from_hours(7 * 24);

/// `host[:port]` in its one spelling, as an issuer's location has it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct IssuerHost(String);

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a host is what stands between https:// and the path of an issuer: lower case, with its port if that is not 443, \
     such as auth.acme.com"
)]
pub struct InvalidIssuerHost;

impl IssuerHost {
    pub fn parse(text: &str) -> Result<Self, InvalidIssuerHost> {
        let issuer = Issuer::parse(&format!("https://{text}")).map_err(|_| InvalidIssuerHost)?;
        // What no request could ask for is no host, though a URL may have it.
        let is_asked_for = IssuerLocation::host_of_request(text, true).as_deref() == Some(text);
        if issuer.location().host == text && is_asked_for {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidIssuerHost)
        }
    }

    /// Of an issuer that stands, or is to be made.
    pub fn of(issuer: &Issuer) -> Self {
        Self(issuer.location().host.clone())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub fn proof_url(&self) -> String {
        format!("https://{}{PROOF_PATH}", self.0)
    }
}

impl fmt::Display for IssuerHost {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// What is to be read at the host, of one claim alone: 256 random bits, so that nothing else says it by chance. No
/// secret, since it is published.
pub fn new_challenge(random: &dyn Random) -> String {
    let mut bytes = [0_u8; 32];
    random.fill(&mut bytes);
    URL_SAFE_NO_PAD.encode(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_has_one_spelling() {
        for text in [
            "auth.acme.com",
            "auth.acme.com:8443",
            "93.184.215.14",
            "[2606:2800::1]",
        ] {
            let host = IssuerHost::parse(text).unwrap();
            assert_eq!(host.as_str(), text);
            let issuer = Issuer::parse(&format!("https://{text}/oauth")).unwrap();
            assert_eq!(IssuerHost::of(&issuer), host);
        }
        for text in [
            "",
            "Auth.acme.com",
            "auth.acme.com:443",
            "auth.acme.com/",
            "auth.acme.com/x",
            "https://auth.acme.com",
            "a@auth.acme.com",
            "auth.acme.com?x",
            "auth.acme.com#x",
            "auth acme.com",
            "*.acme.com",
            "münchen.example",
        ] {
            assert_eq!(IssuerHost::parse(text), Err(InvalidIssuerHost), "{text}");
        }
    }

    #[test]
    fn the_proof_lies_at_the_host_itself() {
        let host = IssuerHost::parse("auth.acme.com:8443").unwrap();
        assert_eq!(
            host.proof_url(),
            "https://auth.acme.com:8443/.well-known/writ-issuer-host"
        );
    }
}
