//! The form of a JWT and its header, before any key is looked at: what is refused here costs nothing.
//!
//! Not here: which key the header means; that differs between our own tokens (`verify`) and other
//! people's (`foreign`).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use protocol::client::keys::MAX_KID_BYTES;
use serde_json::Value;

use super::UniqueObject;
use super::verify::{MAX_TOKEN_BYTES, VerifyError};
use crate::signing_algorithm::SigningAlgorithm;

/// What the header says, as far as anything of it counts.
pub(super) struct Header {
    /// `None`: one that we do not have, `none` and HMAC among them.
    pub algorithm: Option<SigningAlgorithm>,
    /// `None`: absent, or nothing that could be the name of a key.
    pub kid: Option<String>,
    pub has_kid: bool,
    pub token_type: Option<String>,
    pub has_token_type: bool,
}

/// Members that we do not know.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum UnknownMembers {
    /// In tokens of our own they prove that we did not make it.
    Refuse,
    /// RFC 7515 §4: in other people's they mean nothing to us.
    Ignore,
}

/// G7: before anything is decoded. Answers with the encoded header and payload.
pub(super) fn check_shape(token: &str) -> Result<(&str, &str), VerifyError> {
    if token.len() > MAX_TOKEN_BYTES {
        return Err(VerifyError::TooLong);
    }
    let is_base64url = |part: &str| {
        part.bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
    };
    let mut parts = token.split('.');
    match (parts.next(), parts.next(), parts.next(), parts.next()) {
        (Some(header), Some(payload), Some(signature), None)
            if [header, payload, signature]
                .iter()
                .all(|part| !part.is_empty() && is_base64url(part)) =>
        {
            Ok((header, payload))
        }
        _ => Err(VerifyError::Malformed),
    }
}

impl Header {
    pub(super) fn read(encoded: &str, unknown: UnknownMembers) -> Result<Self, VerifyError> {
        let bytes = URL_SAFE_NO_PAD
            .decode(encoded)
            .map_err(|_| VerifyError::Malformed)?;
        let header: UniqueObject =
            serde_json::from_slice(&bytes).map_err(|_| VerifyError::Header)?;
        let header = header.0;
        for name in header.keys() {
            match name.as_str() {
                "alg" | "kid" | "typ" | "cty" => {}
                // RFC 7515 §4.1.11: an extension that we do not know must be refused; we know none.
                "crit" | "b64" | "zip" | "enc" => return Err(VerifyError::Extension),
                // RFC 8725 §3.10: keys come from our own list only.
                "jwk" | "jku" | "x5u" | "x5c" => return Err(VerifyError::ForeignKey),
                "x5t" | "x5t#S256" if unknown == UnknownMembers::Refuse => {
                    return Err(VerifyError::ForeignKey);
                }
                _ if unknown == UnknownMembers::Refuse => return Err(VerifyError::Header),
                _ => {}
            }
        }
        let text = |name: &str| header.get(name).and_then(Value::as_str);
        Ok(Self {
            algorithm: text("alg").and_then(|text| text.parse().ok()),
            kid: text("kid")
                .filter(|kid| kid.len() <= MAX_KID_BYTES)
                .map(ToOwned::to_owned),
            has_kid: header.contains_key("kid"),
            token_type: text("typ").map(ToOwned::to_owned),
            has_token_type: header.contains_key("typ"),
        })
    }
}

/// RFC 7515 §4.1.9: media types compare without case, and `application/` may be left out.
pub(super) fn is_token_type(typ: &str, expected: &str) -> bool {
    const PREFIX: &str = "application/";
    let short = match typ.get(..PREFIX.len()) {
        Some(prefix) if prefix.eq_ignore_ascii_case(PREFIX) => &typ[PREFIX.len()..],
        _ => typ,
    };
    short.eq_ignore_ascii_case(expected)
}
