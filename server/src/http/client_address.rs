//! Where a request came from and which host it was sent to, with proxies taken into account.
//!
//! Row R3: `X-Forwarded-For`, `-Host` and `-Proto` count only when the connection comes from
//! a configured proxy; the default list is empty, so by default nobody can forge them.
//!
//! Not here: what the host means (`tenancy`).

use std::net::IpAddr;

use actix_web::HttpRequest;
use actix_web::http::header::{self, HeaderMap};
use ipnet::IpNet;
use protocol::IssuerLocation;

/// Whose forwarded headers count.
#[derive(Debug, Clone, Default)]
pub struct TrustedProxies(Vec<IpNet>);

impl TrustedProxies {
    pub fn new(networks: Vec<IpNet>) -> Self {
        Self(networks)
    }

    fn contains(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(&address))
    }
}

/// The outside end of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// Lower-case, without a default port.
    pub host: String,
    /// As the client sees it.
    pub is_https: bool,
    pub client_address: IpAddr,
}

impl Origin {
    /// `None` where there is no usable host, or more than one.
    pub fn of_request(http: &HttpRequest, trusted: &TrustedProxies) -> Option<Self> {
        let peer = http.peer_addr()?.ip().to_canonical();
        let is_tls = http.app_config().secure();
        // HTTP/2 sends `:authority` instead of Host.
        let authority = http
            .uri()
            .authority()
            .map(actix_web::http::uri::Authority::as_str);
        Self::read(http.headers(), authority, peer, is_tls, trusted)
    }

    fn read(
        headers: &HeaderMap,
        authority: Option<&str>,
        peer: IpAddr,
        is_tls: bool,
        trusted: &TrustedProxies,
    ) -> Option<Self> {
        if headers.get_all(header::HOST).count() > 1 {
            return None;
        }
        let sent = headers
            .get(header::HOST)
            .and_then(|value| value.to_str().ok());
        // RFC 9112 §3.2.2, RFC 9113 §8.3.1: whoever stands before us may have gone by the other one.
        if let (Some(sent), Some(authority)) = (sent, authority)
            && !sent.eq_ignore_ascii_case(authority)
        {
            return None;
        }
        let host = sent.or(authority);
        if !trusted.contains(peer) {
            return Some(Self {
                host: IssuerLocation::host_of_request(host?, is_tls)?,
                is_https: is_tls,
                client_address: peer,
            });
        }
        let forwarded_host = nearest(headers, "x-forwarded-host");
        let is_https = nearest(headers, "x-forwarded-proto")
            .map_or(is_tls, |scheme| scheme.eq_ignore_ascii_case("https"));
        Some(Self {
            host: IssuerLocation::host_of_request(forwarded_host.or(host)?, is_https)?,
            is_https,
            client_address: forwarded_for(headers, peer, trusted),
        })
    }
}

/// What the proxy next to us says; what stands before it came from farther away.
fn nearest<'a>(headers: &'a HeaderMap, name: &'static str) -> Option<&'a str> {
    let last = headers.get_all(name).last()?.to_str().ok()?;
    last.rsplit(',')
        .next()
        .map(str::trim)
        .filter(|value| !value.is_empty())
}

/// From near to far, the first address that is no proxy of ours: everything beyond it could be made
/// up by whoever sits there.
fn forwarded_for(headers: &HeaderMap, peer: IpAddr, trusted: &TrustedProxies) -> IpAddr {
    let mut nearest = peer;
    let values: Vec<&str> = headers
        .get_all("x-forwarded-for")
        .filter_map(|value| value.to_str().ok())
        .collect();
    for item in values.iter().rev().flat_map(|value| value.rsplit(',')) {
        let Some(address) = read_address(item.trim()) else {
            break;
        };
        nearest = address;
        if !trusted.contains(address) {
            break;
        }
    }
    nearest
}

/// Some proxies add the port.
fn read_address(text: &str) -> Option<IpAddr> {
    let address = text.parse::<IpAddr>().ok().or_else(|| {
        text.parse::<std::net::SocketAddr>()
            .ok()
            .map(|address| address.ip())
    })?;
    Some(address.to_canonical())
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::{HeaderName, HeaderValue};

    use super::*;

    fn read(pairs: &[(&str, &str)], trusted: &[&str]) -> Option<(String, String)> {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(
                HeaderName::try_from(*name).unwrap(),
                HeaderValue::from_str(value).unwrap(),
            );
        }
        let trusted = TrustedProxies::new(
            trusted
                .iter()
                .map(|network| network.parse().unwrap())
                .collect(),
        );
        let peer = "10.0.0.7".parse().unwrap();
        let origin = Origin::read(&headers, None, peer, false, &trusted)?;
        Some((origin.host, origin.client_address.to_string()))
    }

    fn is(host: &str, address: &str) -> (String, String) {
        (host.to_owned(), address.to_owned())
    }

    /// R3.
    #[test]
    fn forwarded_headers_of_a_stranger_are_ignored() {
        let forged = [
            ("host", "Auth.Acme.com:80"),
            ("x-forwarded-host", "evil.example"),
            ("x-forwarded-proto", "https"),
            ("x-forwarded-for", "1.1.1.1"),
        ];
        assert_eq!(read(&forged, &[]), Some(is("auth.acme.com", "10.0.0.7")));
        assert_eq!(
            read(&forged, &["192.168.0.0/16"]),
            Some(is("auth.acme.com", "10.0.0.7"))
        );
    }

    #[test]
    fn a_trusted_proxy_speaks_for_the_client_next_to_it() {
        let trusted = &["10.0.0.0/8"];
        let headers = [
            ("host", "writ:9000"),
            ("x-forwarded-host", "auth.acme.com:443"),
            ("x-forwarded-proto", "https"),
            ("x-forwarded-for", "6.6.6.6, 203.0.113.9, 10.1.1.1"),
        ];
        assert_eq!(
            read(&headers, trusted),
            Some(is("auth.acme.com", "203.0.113.9"))
        );
        assert_eq!(
            read(&[("host", "a.example")], trusted),
            Some(is("a.example", "10.0.0.7"))
        );
        let junk = [("host", "a.example"), ("x-forwarded-for", "1.1.1.1, junk")];
        assert_eq!(read(&junk, trusted), Some(is("a.example", "10.0.0.7")));
    }

    /// O1: a proxy that routes by the request's target and we who route by Host would disagree.
    #[test]
    fn a_target_that_names_another_host_is_none() {
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, HeaderValue::from_static("a.example"));
        let peer = "10.0.0.7".parse().unwrap();
        let host = |authority| {
            Origin::read(&headers, authority, peer, false, &TrustedProxies::default())
                .map(|origin| origin.host)
        };
        assert_eq!(host(None).as_deref(), Some("a.example"));
        assert_eq!(host(Some("A.example")).as_deref(), Some("a.example"));
        assert_eq!(host(Some("b.example")), None);
        assert_eq!(host(Some("a.example@b.example")), None);
    }

    #[test]
    fn two_hosts_are_none() {
        assert_eq!(
            read(&[("host", "a.example"), ("host", "b.example")], &[]),
            None
        );
        assert_eq!(read(&[], &[]), None);
    }
}
