//! The name of a public key: the SHA-256 thumbprint of RFC 7638, as `dpop_jkt` and `cnf.jkt` write it.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Characters of a SHA-256 in base64url without padding.
const CHARACTERS: usize = 43;

/// Which key. Public, so it is compared and logged like any name.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct JwkThumbprint(String);

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a JWK thumbprint is 43 characters of base64url")]
pub struct InvalidThumbprint;

impl JwkThumbprint {
    /// RFC 9449 §10: the base64url of a SHA-256. Two texts that decode to the same bytes are one only when
    /// they are equal: the last character has four of its bits zero.
    pub fn parse(text: &str) -> Result<Self, InvalidThumbprint> {
        const LAST: &[u8] = b"AEIMQUYcgkosw048";
        let is_base64url = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        let is_thumbprint = text.len() == CHARACTERS
            && text.bytes().all(is_base64url)
            && text
                .bytes()
                .next_back()
                .is_some_and(|last| LAST.contains(&last));
        is_thumbprint
            .then(|| Self(text.to_owned()))
            .ok_or(InvalidThumbprint)
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for JwkThumbprint {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl std::str::FromStr for JwkThumbprint {
    type Err = InvalidThumbprint;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

impl Serialize for JwkThumbprint {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for JwkThumbprint {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'_, str>::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

/// The claim `cnf` of a token that only the holder of a key may use (RFC 7800 §3.1, RFC 9449 §6.1).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Confirmation {
    pub jkt: JwkThumbprint,
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs";

    #[test]
    fn a_thumbprint_has_one_spelling() {
        assert_eq!(JwkThumbprint::parse(GOOD).unwrap().as_str(), GOOD);
        let other_last = format!("{}t", &GOOD[..42]);
        let blank = format!("{} ", &GOOD[..42]);
        let padded = format!("{GOOD}=");
        let plus = format!("{}+s", &GOOD[..41]);
        for bad in ["", &GOOD[1..], &padded, &other_last, &blank, &plus] {
            assert_eq!(JwkThumbprint::parse(bad), Err(InvalidThumbprint), "{bad}");
        }
    }

    #[test]
    fn a_confirmation_reads_and_writes_the_registered_member() {
        let cnf = Confirmation {
            jkt: JwkThumbprint::parse(GOOD).unwrap(),
        };
        let json = serde_json::to_value(&cnf).unwrap();
        assert_eq!(json, serde_json::json!({ "jkt": GOOD }));
        assert_eq!(serde_json::from_value::<Confirmation>(json).unwrap(), cnf);
        let short = serde_json::json!({ "jkt": "abc" });
        assert!(serde_json::from_value::<Confirmation>(short).is_err());
    }
}
