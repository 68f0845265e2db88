//! How long a host lets its answer be kept (RFC 9111), as one duration.
//!
//! What it is not: the policy. The caller clamps, and decides what an unstated lifetime means.

use std::time::Duration;

use reqwest::header::{AGE, CACHE_CONTROL, DATE, EXPIRES, HeaderMap, HeaderName};

/// What is left of the answer's freshness; unstated when no header says anything.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CacheLifetime(Option<Duration>);

/// RFC 9111 §1.2.2: a number too large to hold counts as 2^31 seconds.
const LARGEST: u64 = 1 << 31;

impl CacheLifetime {
    pub fn of(lifetime: Duration) -> Self {
        Self(Some(lifetime))
    }

    /// `None` when no header states a lifetime; zero for `no-store` and the like.
    pub fn stated(self) -> Option<Duration> {
        self.0
    }

    /// The lifetime between two bounds; an unstated one is `unstated`, which is clamped too.
    pub fn clamped(self, least: Duration, most: Duration, unstated: Duration) -> Duration {
        self.0.unwrap_or(unstated).max(least).min(most)
    }

    pub(crate) fn from_headers(headers: &HeaderMap) -> Self {
        let directives = Directives::read(headers);
        if directives.forbids_keeping {
            return Self(Some(Duration::ZERO));
        }
        // RFC 9111 §4.2.1: s-maxage, then max-age, then Expires. We keep one copy for everybody,
        // so we are a shared cache.
        let lifetime = directives
            .s_maxage
            .or(directives.max_age)
            .or_else(|| expires(headers));
        // RFC 9111 §4.2.3: what other caches have already used up.
        Self(lifetime.map(|lifetime| lifetime.saturating_sub(age(headers))))
    }
}

#[derive(Default)]
struct Directives {
    forbids_keeping: bool,
    s_maxage: Option<Duration>,
    max_age: Option<Duration>,
}

impl Directives {
    fn read(headers: &HeaderMap) -> Self {
        let mut read = Self::default();
        for line in headers.get_all(CACHE_CONTROL) {
            let Ok(line) = line.to_str() else {
                // What cannot be read might forbid keeping.
                read.forbids_keeping = true;
                continue;
            };
            for directive in line.split(',') {
                let (name, value) = directive.split_once('=').unwrap_or((directive, ""));
                let name = name.trim().to_ascii_lowercase();
                match name.as_str() {
                    "no-store" | "no-cache" | "private" => read.forbids_keeping = true,
                    "s-maxage" => shorten(&mut read.s_maxage, value),
                    "max-age" => shorten(&mut read.max_age, value),
                    _ => {}
                }
            }
        }
        read
    }
}

/// RFC 9111 §4.2.1: of conflicting values the least; one that is no number makes the answer stale.
fn shorten(kept: &mut Option<Duration>, value: &str) {
    let stated = seconds(value.trim().trim_matches('"')).unwrap_or(Duration::ZERO);
    *kept = Some(kept.map_or(stated, |kept| kept.min(stated)));
}

fn seconds(text: &str) -> Option<Duration> {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let seconds = text.parse::<u64>().unwrap_or(LARGEST).min(LARGEST);
    Some(Duration::from_secs(seconds))
}

/// RFC 9111 §5.3: `Expires` counts from the answer's own `Date`; an invalid one (as `0`) is past.
/// An origin with a clock must send `Date` (RFC 9110 §6.6.1), so one without is stale as well.
fn expires(headers: &HeaderMap) -> Option<Duration> {
    headers.get(EXPIRES)?;
    let date = |name: HeaderName| {
        let text = headers.get(name)?.to_str().ok()?;
        httpdate::parse_http_date(text).ok()
    };
    let lifetime = date(EXPIRES)
        .zip(date(DATE))
        .and_then(|(expires, sent)| expires.duration_since(sent).ok());
    Some(lifetime.unwrap_or_default())
}

fn age(headers: &HeaderMap) -> Duration {
    headers
        .get(AGE)
        .and_then(|value| value.to_str().ok())
        .and_then(|text| seconds(text.trim()))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use reqwest::header::HeaderValue;

    use super::*;

    fn lifetime(headers: &[(&'static str, &'static str)]) -> Option<u64> {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(
                HeaderName::from_static(name),
                HeaderValue::from_static(value),
            );
        }
        let lifetime = CacheLifetime::from_headers(&map);
        lifetime.stated().map(|lifetime| lifetime.as_secs())
    }

    #[test]
    fn max_age_and_what_is_left_of_it() {
        assert_eq!(lifetime(&[]), None);
        assert_eq!(lifetime(&[("cache-control", "max-age=300")]), Some(300));
        assert_eq!(
            lifetime(&[("cache-control", "public, MAX-AGE=300"), ("age", "100")]),
            Some(200)
        );
        assert_eq!(
            lifetime(&[("cache-control", "max-age=300"), ("age", "900")]),
            Some(0)
        );
        assert_eq!(
            lifetime(&[("cache-control", "max-age=300, s-maxage=60")]),
            Some(60)
        );
        assert_eq!(
            lifetime(&[("cache-control", "max-age=99999999999999999999999")]),
            Some(1 << 31)
        );
    }

    #[test]
    fn what_forbids_keeping_is_zero() {
        for directive in [
            "no-store",
            "no-cache",
            "private",
            "max-age=0",
            "no-cache=\"x\"",
        ] {
            let headers: &[(&'static str, &'static str)] = &[("cache-control", directive)];
            assert_eq!(lifetime(headers), Some(0), "{directive}");
        }
        assert_eq!(
            lifetime(&[
                ("cache-control", "max-age=300"),
                ("cache-control", "no-store")
            ]),
            Some(0)
        );
    }

    #[test]
    fn conflicts_and_nonsense_shorten() {
        assert_eq!(
            lifetime(&[("cache-control", "max-age=300, max-age=60")]),
            Some(60)
        );
        assert_eq!(lifetime(&[("cache-control", "max-age=soon")]), Some(0));
        assert_eq!(lifetime(&[("cache-control", "max-age=-1")]), Some(0));
        assert_eq!(lifetime(&[("cache-control", "max-age=\"90\"")]), Some(90));
        assert_eq!(lifetime(&[("cache-control", "immutable")]), None);
    }

    #[test]
    fn expires_counts_from_the_date_of_the_answer() {
        let date = ("date", "Sat, 21 Nov 2026 10:00:00 GMT");
        let later = ("expires", "Sat, 21 Nov 2026 10:05:00 GMT");
        assert_eq!(lifetime(&[date, later]), Some(300));
        assert_eq!(
            lifetime(&[date, later, ("cache-control", "max-age=60")]),
            Some(60)
        );
        assert_eq!(lifetime(&[later]), Some(0));
        assert_eq!(lifetime(&[date, ("expires", "0")]), Some(0));
        assert_eq!(
            lifetime(&[date, ("expires", "Sat, 21 Nov 2026 09:00:00 GMT")]),
            Some(0)
        );
    }

    #[test]
    fn the_caller_clamps() {
        let [least, most, unstated] = [60, 86_400, 3_600].map(Duration::from_secs);
        let clamp = |lifetime: CacheLifetime| lifetime.clamped(least, most, unstated).as_secs();
        assert_eq!(clamp(CacheLifetime::default()), 3_600);
        assert_eq!(clamp(CacheLifetime::of(Duration::ZERO)), 60);
        assert_eq!(
            clamp(CacheLifetime::of(Duration::from_secs(LARGEST))),
            86_400
        );
        assert_eq!(clamp(CacheLifetime::of(Duration::from_mins(10))), 600);
    }
}
