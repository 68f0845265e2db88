//! Other people's public keys: a client's JWK set, or that of who signs software statements.
//!
//! What may stand in a set is `protocol::client::keys`'s rule; here its numbers become keys. A key verifies
//! exactly one algorithm (RFC 8725 §3.1): the one it names, else the one its owner registered, else the
//! usual one of its family.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use protocol::client::keys::{KeysError, clean_set};
use serde_json::Value;

use crate::jwk::{InvalidKey, PublicJwk};
use crate::jwt::UniqueObject;
use crate::signing_algorithm::SigningAlgorithm;
use crate::verification_key::VerificationKey;

/// Parsed once, used often. Clones are cheap where the caller keeps it in an `Arc`.
#[derive(Debug)]
pub struct JwkSet {
    keys: Vec<ForeignKey>,
}

#[derive(Debug)]
struct ForeignKey {
    /// None where the set names it not; the name in the parsed key is then empty and means nothing.
    kid: Option<String>,
    key: VerificationKey,
}

impl JwkSet {
    /// From a set that was kept or entered. `usual` is what the owner registered to sign with.
    pub fn new(jwks: &Value, usual: Option<SigningAlgorithm>) -> Result<Self, KeysError> {
        let cleaned = clean_set(jwks)?;
        let members = cleaned["keys"].as_array().map_or(&[][..], Vec::as_slice);
        let keys: Vec<ForeignKey> = members
            .iter()
            .filter_map(|member| parse(member, usual))
            .collect();
        if keys.is_empty() {
            return Err(KeysError::NoUsableKey);
        }
        Ok(Self { keys })
    }

    /// From a body that was fetched. A member that is there twice makes it no set.
    pub fn from_json(body: &[u8], usual: Option<SigningAlgorithm>) -> Result<Self, KeysError> {
        let set: UniqueObject = serde_json::from_slice(body).map_err(|_| KeysError::NotASet)?;
        Self::new(&Value::Object(set.0), usual)
    }

    pub fn has_kid(&self, kid: &str) -> bool {
        self.keys.iter().any(|key| key.kid.as_deref() == Some(kid))
    }

    /// The keys that a signature of this algorithm may be by: those of the name, or all where the header
    /// names none.
    pub(crate) fn candidates<'a>(
        &'a self,
        algorithm: SigningAlgorithm,
        kid: Option<&'a str>,
    ) -> impl Iterator<Item = &'a VerificationKey> {
        self.keys
            .iter()
            .filter(move |key| kid.is_none() || key.kid.as_deref() == kid)
            .map(|key| &key.key)
            .filter(move |key| key.algorithm() == algorithm)
    }
}

/// A key that stands alone, as in the header of a DPoP proof, for signatures of this algorithm: the same
/// rules as for a set of one, and it must not name another algorithm.
pub(crate) fn single_key(
    jwk: &Value,
    algorithm: SigningAlgorithm,
) -> Result<(PublicJwk, VerificationKey), InvalidKey> {
    let set = Value::Object(serde_json::Map::from_iter([(
        "keys".to_owned(),
        Value::Array(vec![jwk.clone()]),
    )]));
    let cleaned = clean_set(&set).map_err(|_| InvalidKey)?;
    let jwk = to_public_jwk(&cleaned["keys"][0], Some(algorithm)).ok_or(InvalidKey)?;
    if jwk.algorithm() != algorithm {
        return Err(InvalidKey);
    }
    let key = VerificationKey::from_jwk(&jwk)?;
    Ok((jwk, key))
}

fn parse(member: &Value, usual: Option<SigningAlgorithm>) -> Option<ForeignKey> {
    let jwk = to_public_jwk(member, usual)?;
    let key = VerificationKey::from_jwk(&jwk).ok()?;
    let kid = member["kid"].as_str().map(ToOwned::to_owned);
    Some(ForeignKey { kid, key })
}

fn to_public_jwk(member: &Value, usual: Option<SigningAlgorithm>) -> Option<PublicJwk> {
    let kid = member["kid"].as_str();
    let algorithm = algorithm_of(member, usual)?;
    let mut jwk = member.clone();
    // RFC 7517 §3.3 and RFC 7518 §6.3.1.1: some write a leading zero octet into `n`.
    if let Some(trimmed) = member["n"].as_str().and_then(without_leading_zeros) {
        jwk["n"] = trimmed.into();
    }
    jwk["alg"] = algorithm.as_str().into();
    jwk["use"] = "sig".into();
    jwk["kid"] = kid.unwrap_or_default().into();
    serde_json::from_value(jwk).ok()
}

fn algorithm_of(member: &Value, usual: Option<SigningAlgorithm>) -> Option<SigningAlgorithm> {
    if let Some(named) = member["alg"].as_str() {
        return named.parse().ok();
    }
    match (member["kty"].as_str()?, usual) {
        ("RSA", Some(SigningAlgorithm::Ps256)) => Some(SigningAlgorithm::Ps256),
        ("RSA", _) => Some(SigningAlgorithm::Rs256),
        ("EC", _) => Some(SigningAlgorithm::Es256),
        ("OKP", _) => Some(SigningAlgorithm::EdDsa),
        _ => None,
    }
}

fn without_leading_zeros(n: &str) -> Option<String> {
    let bytes = URL_SAFE_NO_PAD.decode(n).ok()?;
    let start = bytes.iter().position(|byte| *byte != 0)?;
    (start > 0).then(|| URL_SAFE_NO_PAD.encode(&bytes[start..]))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::signing_key::SigningKey;

    fn jwk(algorithm: SigningAlgorithm) -> Value {
        let key = SigningKey::generate_unsealed(algorithm).unwrap();
        serde_json::to_value(key.public_jwk()).unwrap()
    }

    fn without(mut jwk: Value, members: &[&str]) -> Value {
        for member in members {
            jwk.as_object_mut().unwrap().remove(*member);
        }
        jwk
    }

    fn algorithms(key: &Value, usual: Option<SigningAlgorithm>) -> Vec<SigningAlgorithm> {
        let set = JwkSet::new(&json!({ "keys": [key] }), usual).unwrap();
        SigningAlgorithm::ALL
            .into_iter()
            .filter(|algorithm| set.candidates(*algorithm, None).next().is_some())
            .collect()
    }

    #[test]
    fn a_key_has_one_algorithm() {
        use SigningAlgorithm::{EdDsa, Es256, Ps256, Rs256};
        for algorithm in SigningAlgorithm::ALL {
            assert_eq!(algorithms(&jwk(algorithm), Some(Ps256)), [algorithm]);
        }
        let unnamed = |algorithm| without(jwk(algorithm), &["alg", "use", "kid"]);
        assert_eq!(algorithms(&unnamed(Rs256), None), [Rs256]);
        assert_eq!(algorithms(&unnamed(Rs256), Some(Ps256)), [Ps256]);
        assert_eq!(algorithms(&unnamed(Rs256), Some(EdDsa)), [Rs256]);
        assert_eq!(algorithms(&unnamed(Es256), Some(Ps256)), [Es256]);
        assert_eq!(algorithms(&unnamed(EdDsa), None), [EdDsa]);
    }

    #[test]
    fn a_key_is_found_by_its_name_alone() {
        let (one, two) = (jwk(SigningAlgorithm::Es256), jwk(SigningAlgorithm::Es256));
        let set = JwkSet::new(&json!({ "keys": [one, two] }), None).unwrap();
        let count = |kid| set.candidates(SigningAlgorithm::Es256, kid).count();
        let name = one["kid"].as_str().unwrap();
        assert!(set.has_kid(name) && !set.has_kid("") && !set.has_kid("other"));
        assert_eq!(
            (count(Some(name)), count(Some("other")), count(None)),
            (1, 0, 2)
        );
    }

    #[test]
    fn numbers_that_make_no_key_are_passed_over() {
        let mut off_the_curve = jwk(SigningAlgorithm::Es256);
        off_the_curve["x"] = URL_SAFE_NO_PAD.encode([1_u8; 32]).into();
        let mut even = jwk(SigningAlgorithm::Rs256);
        even["e"] = "AQAA".into();
        let bad = json!({ "keys": [off_the_curve, even] });
        assert_eq!(JwkSet::new(&bad, None).unwrap_err(), KeysError::NoUsableKey);
        let mixed = json!({ "keys": [even, jwk(SigningAlgorithm::EdDsa)] });
        assert_eq!(JwkSet::new(&mixed, None).unwrap().keys.len(), 1);
    }

    #[test]
    fn a_leading_zero_octet_is_no_other_key() {
        let mut key = jwk(SigningAlgorithm::Rs256);
        let mut n = vec![0];
        n.extend(URL_SAFE_NO_PAD.decode(key["n"].as_str().unwrap()).unwrap());
        key["n"] = URL_SAFE_NO_PAD.encode(n).into();
        assert!(JwkSet::new(&json!({ "keys": [key] }), None).is_ok());
    }

    #[test]
    fn a_fetched_set_has_no_member_twice() {
        let set = json!({ "keys": [jwk(SigningAlgorithm::EdDsa)] }).to_string();
        assert!(JwkSet::from_json(set.as_bytes(), None).is_ok());
        let twice = format!("{{\"keys\":[],{}", &set[1..]);
        for bad in [twice.as_str(), "", "[]", "{\"keys\":1}", "\u{feff}{}"] {
            let refused = JwkSet::from_json(bad.as_bytes(), None);
            assert_eq!(refused.unwrap_err(), KeysError::NotASet, "{bad}");
        }
        assert!(JwkSet::from_json(b"{\"keys\":[\xff]}", None).is_err());
    }
}
