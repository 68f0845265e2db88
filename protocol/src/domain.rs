//! Names of domains and hosts as people write them, brought into the form in which URLs are compared:
//! lower-case ASCII (IDNA, WHATWG URL §3.5). What is not plainly a name is refused.

use url::Host;

const MOST_BYTES: usize = 253;
const MOST_LABEL_BYTES: usize = 63;

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DomainError {
    #[error("write a name such as example.com: no scheme, port, path or spaces")]
    NotAName,
    #[error("no patterns: leave out *; a domain of a list stands for its subdomains anyway")]
    Pattern,
    #[error("write a name, not an IP address")]
    Address,
}

/// `Bücher.Example` → `xn--bcher-kva.example`.
pub fn normalise(text: &str) -> Result<String, DomainError> {
    if text.contains('*') {
        return Err(DomainError::Pattern);
    }
    if text.starts_with('[') || text.parse::<std::net::IpAddr>().is_ok() {
        return Err(DomainError::Address);
    }
    let is_plain = !text.is_empty()
        && text.len() <= 4 * MOST_BYTES
        && !text.ends_with('.')
        // The URL parser would decode this before it looks.
        && !text.contains('%')
        && !text.chars().any(|it| it.is_whitespace() || it.is_control());
    if !is_plain {
        return Err(DomainError::NotAName);
    }
    let name = match Host::parse(text) {
        Ok(Host::Domain(name)) => name,
        // 0x7f.1, 2130706433 and the like.
        Ok(_) => return Err(DomainError::Address),
        Err(_) => return Err(DomainError::NotAName),
    };
    let is_name = name.len() <= MOST_BYTES && name.split('.').all(is_label);
    is_name.then_some(name).ok_or(DomainError::NotAName)
}

fn is_label(label: &str) -> bool {
    (1..=MOST_LABEL_BYTES).contains(&label.len())
        && !label.starts_with('-')
        && !label.ends_with('-')
        && label
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_kept_as_urls_compare_it() {
        for (text, kept) in [
            ("example.com", "example.com"),
            ("Example.COM", "example.com"),
            ("Bücher.example", "xn--bcher-kva.example"),
            ("xn--bcher-kva.example", "xn--bcher-kva.example"),
            ("localhost", "localhost"),
            ("a_b.example", "a_b.example"),
        ] {
            assert_eq!(normalise(text).as_deref(), Ok(kept), "{text}");
        }
    }

    #[test]
    fn what_is_not_plainly_a_name_is_refused() {
        use DomainError::{Address, NotAName, Pattern};
        let long_label = format!("{}.example", "a".repeat(64));
        let long_name = "a.".repeat(127) + "example";
        for (text, error) in [
            ("", NotAName),
            (" example.com", NotAName),
            ("example.com.", NotAName),
            ("example..com", NotAName),
            (".example.com", NotAName),
            ("-a.example", NotAName),
            ("https://example.com", NotAName),
            ("example.com:443", NotAName),
            ("example.com/path", NotAName),
            ("user@example.com", NotAName),
            ("ex%61mple.com", NotAName),
            ("a\0b.example", NotAName),
            ("a\u{202e}b.example", NotAName),
            (&long_label, NotAName),
            (&long_name, NotAName),
            ("*.example.com", Pattern),
            ("exa*ple.com", Pattern),
            ("127.0.0.1", Address),
            ("::1", Address),
            ("[::1]", Address),
            ("2130706433", Address),
            ("0x7f.1", Address),
        ] {
            assert_eq!(normalise(text), Err(error), "{text:?}");
        }
    }
}
