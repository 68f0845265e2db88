//! Rules for client metadata that hold for every way of becoming a client.

use unicode_normalization::UnicodeNormalization as _;
use url::Url;

use crate::redirect_uri::{RedirectUri, RedirectUriKind};

use super::{ApplicationType, AuthMethod};

const MAX_NAME_CHARS: usize = 128;
const MAX_URI_BYTES: usize = 2048;

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "client_name has at most 128 characters, none of them control, direction or invisible ones"
)]
pub struct InvalidName;

/// RFC 7591 §5: a name is shown to people, so it may not lie about where it ends or how it reads.
/// Blank counts as absent.
pub fn clean_name(name: &str) -> Result<Option<String>, InvalidName> {
    let name: String = name.trim().nfc().collect();
    if name.chars().count() > MAX_NAME_CHARS || name.chars().any(is_deceptive) {
        return Err(InvalidName);
    }
    Ok((!name.is_empty()).then_some(name))
}

/// Control, bidirectional and zero-width characters, and the other ones that leave no ink.
fn is_deceptive(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{00ad}'
                | '\u{034f}'
                | '\u{061c}'
                | '\u{115f}'
                | '\u{1160}'
                | '\u{17b4}'
                | '\u{17b5}'
                | '\u{180b}'..='\u{180f}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{3164}'
                | '\u{fe00}'..='\u{fe0f}'
                | '\u{feff}'
                | '\u{ffa0}'
                | '\u{fff9}'..='\u{fffb}'
                | '\u{e0000}'..='\u{e0fff}'
        )
}

/// An informational URL (`client_uri`, `logo_uri`, …): https, with a host, without user name.
pub fn is_https_url(text: &str) -> bool {
    let is_plain =
        text.len() <= MAX_URI_BYTES && text.bytes().all(|byte| (0x21..=0x7e).contains(&byte));
    is_plain
        && text.starts_with("https://")
        && Url::parse(text).is_ok_and(|url| {
            url.has_host() && url.username().is_empty() && url.password().is_none()
        })
}

/// Where a logout token is posted to: Back-Channel Logout §2.2 has no fragments.
pub fn is_logout_url(text: &str) -> bool {
    is_https_url(text) && !text.contains('#')
}

/// Any redirect to the person's machine makes a native application (OpenID Connect Registration §2).
pub fn infer_application_type(redirect_uris: &[RedirectUri]) -> ApplicationType {
    let is_native = redirect_uris
        .iter()
        .any(|uri| uri.kind() != RedirectUriKind::Https);
    if is_native {
        ApplicationType::Native
    } else {
        ApplicationType::Web
    }
}

/// What a registration without a method means: a program on somebody's machine keeps no secret.
pub fn infer_auth_method(redirect_uris: &[RedirectUri]) -> AuthMethod {
    match infer_application_type(redirect_uris) {
        ApplicationType::Native => AuthMethod::None,
        ApplicationType::Web => AuthMethod::ClientSecretBasic,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Row J7.
    #[test]
    fn a_name_is_normalised_and_honest() {
        assert_eq!(clean_name(" Cafe\u{301} "), Ok(Some("Café".to_owned())));
        assert_eq!(clean_name("  "), Ok(None));
        assert_eq!(clean_name("<script>"), Ok(Some("<script>".to_owned())));
        assert!(clean_name(&"é".repeat(128)).is_ok());
        assert!(clean_name(&"é".repeat(129)).is_err());
        for bad in [
            "a\u{202e}b",
            "a\u{200b}b",
            "a\nb",
            "a\u{0}b",
            "a\u{feff}b",
            "a\u{2066}b",
            "a\u{7f}",
        ] {
            assert!(clean_name(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn logout_urls_have_no_fragment() {
        assert!(is_logout_url("https://client.example:8443/logout?tenant=1"));
        for bad in [
            "https://client.example/logout#a",
            "http://client.example/logout",
        ] {
            assert!(!is_logout_url(bad), "{bad}");
        }
    }

    /// Row J6.
    #[test]
    fn informational_urls_are_https() {
        assert!(is_https_url("https://client.example/about?x=1"));
        for bad in [
            "http://client.example",
            "javascript:alert(1)",
            "data:text/html,x",
            "https://",
            "https://u@h",
            "HTTPS://h",
            "https://h/a b",
            "",
        ] {
            assert!(!is_https_url(bad), "{bad}");
        }
    }
}
