//! A resource server that verifies by itself, as strictly as they come: it keeps the JWKS for as long as it
//! may and never fetches it anew because of a `kid` that it does not know.

use std::sync::Arc;
use std::time::Duration;

use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{DecodingKey, Validation};
use serde_json::Value;

use crate::harness::{TestClock, TestTenant};

pub(super) struct CachingVerifier {
    tenant: TestTenant,
    clock: Arc<TestClock>,
    kept: Option<Kept>,
}

struct Kept {
    keys: JwkSet,
    until: i64,
}

impl CachingVerifier {
    pub(super) fn new(tenant: TestTenant, clock: Arc<TestClock>) -> Self {
        Self {
            tenant,
            clock,
            kept: None,
        }
    }

    pub(super) fn now(&self) -> i64 {
        self.clock.unix_seconds()
    }

    /// The claims, if the signature is good by the keys that it has.
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the other side: it verifies what crypto signed"
    )]
    pub(super) async fn verify(&mut self, token: &str) -> Result<Value, String> {
        let audience = self.tenant.resource.audience.clone();
        let issuer = self.tenant.issuer.clone();
        let header = jsonwebtoken::decode_header(token).map_err(|error| error.to_string())?;
        let kid = header.kid.ok_or("no kid")?;
        let keys = self.keys().await;
        let key = keys.find(&kid).ok_or_else(|| format!("no key {kid}"))?;
        let key = DecodingKey::from_jwk(key).map_err(|error| error.to_string())?;
        let mut validation = Validation::new(header.alg);
        validation.set_issuer(&[issuer]);
        validation.set_audience(&[audience]);
        // By the clock of the test, not of the machine.
        validation.validate_exp = false;
        jsonwebtoken::decode::<Value>(token, &key, &validation)
            .map(|verified| verified.claims)
            .map_err(|error| error.to_string())
    }

    async fn keys(&mut self) -> &JwkSet {
        let now = self.clock.unix_seconds();
        if self.kept.as_ref().is_none_or(|kept| kept.until <= now) {
            let answer = self.tenant.jwks().await.expect_status(200);
            let max_age = max_age(answer.header("cache-control"));
            self.kept = Some(Kept {
                keys: serde_json::from_value(answer.json()).unwrap(),
                until: now + i64::try_from(max_age.as_secs()).unwrap(),
            });
        }
        &self.kept.as_ref().unwrap().keys
    }
}

fn max_age(cache_control: &str) -> Duration {
    let mut directives = cache_control.split(", ");
    let seconds = directives.find_map(|directive| directive.strip_prefix("max-age="));
    Duration::from_secs(seconds.unwrap().parse().unwrap())
}
