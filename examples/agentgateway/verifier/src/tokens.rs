//! A key set as agentgateway reads it, by the strictest of its versions: every key has a `kid`, a key of
//! another family than RSA and EC fails the whole set, and a key without `alg` is not used.

use std::collections::HashMap;
use std::str::FromStr;

use jsonwebtoken::jwk::{AlgorithmParameters, JwkSet};
use jsonwebtoken::{decode, decode_header, Algorithm, DecodingKey, Validation};
use serde_json::{Map, Value};

pub struct Keys(HashMap<String, (DecodingKey, Validation)>);

impl Keys {
    pub fn read(jwks: &str, issuer: &str, audience: &str) -> Result<Self, String> {
        let set: JwkSet =
            serde_json::from_str(jwks).map_err(|error| format!("key set: {error}"))?;
        let mut keys = HashMap::new();
        for jwk in set.keys {
            let kid = jwk.common.key_id.ok_or("a key without kid")?;
            let key = match &jwk.algorithm {
                AlgorithmParameters::RSA(rsa) => DecodingKey::from_rsa_components(&rsa.n, &rsa.e),
                AlgorithmParameters::EllipticCurve(ec) => {
                    DecodingKey::from_ec_components(&ec.x, &ec.y)
                }
                other => return Err(format!("the key {kid} is neither RSA nor EC: {other:?}")),
            };
            let key = key.map_err(|error| format!("the key {kid}: {error}"))?;
            let named = jwk
                .common
                .key_algorithm
                .map(|algorithm| algorithm.to_string());
            let Some(algorithm) = named.and_then(|name| Algorithm::from_str(&name).ok()) else {
                continue;
            };
            let mut validation = Validation::new(algorithm);
            validation.set_issuer(&[issuer]);
            validation.set_audience(&[audience]);
            keys.insert(kid, (key, validation));
        }
        if keys.is_empty() {
            return Err("no key is of use".to_owned());
        }
        Ok(Self(keys))
    }

    pub fn check(&self, token: &str) -> Result<Map<String, Value>, String> {
        let header = decode_header(token).map_err(|error| error.to_string())?;
        let kid = header.kid.ok_or("a token without kid")?;
        let (key, validation) = self.0.get(&kid).ok_or("a token of an unknown key")?;
        let checked = decode::<Map<String, Value>>(token, key, validation);
        checked
            .map(|token| token.claims)
            .map_err(|error| error.to_string())
    }
}
