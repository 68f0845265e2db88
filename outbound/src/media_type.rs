//! Whether a body is of a type its kind may have (rows K7 and K14).
//!
//! What it is not: a parser of JSON or of pictures. It reads the header, and whether the bytes can
//! be what the header says.

use reqwest::header::{CONTENT_TYPE, HeaderMap};

use crate::fetch::{FetchError, FetchKind};

/// Types a browser draws without running anything. SVG is a document with scripts.
const IMAGES: [&str; 4] = ["image/png", "image/jpeg", "image/gif", "image/webp"];

/// The type without its parameters, in lower case.
pub(crate) fn read(headers: &HeaderMap, kind: FetchKind) -> Result<String, FetchError> {
    if kind == FetchKind::IssuerHost {
        // A file without an ending, on a server that somebody else runs: what it is called says nothing, and the body
        // is compared and not read.
        return Ok(String::new());
    }
    let mut values = headers.get_all(CONTENT_TYPE).iter();
    // Two headers are two opinions.
    let (Some(value), None) = (values.next(), values.next()) else {
        return Err(FetchError::MediaType);
    };
    let text = value.to_str().map_err(|_| FetchError::MediaType)?;
    let mut parts = text.split(';');
    let essence = parts.next().unwrap_or_default().trim().to_ascii_lowercase();
    let is_allowed = match kind {
        FetchKind::MetadataDocument | FetchKind::Jwks => {
            is_json(&essence) && parts.all(|parameter| !is_other_charset(parameter))
        }
        FetchKind::McpServer => {
            matches!(essence.as_str(), "application/json" | "text/event-stream")
                && parts.all(|parameter| !is_other_charset(parameter))
        }
        FetchKind::Logo => IMAGES.contains(&essence.as_str()),
        FetchKind::LogoutNotice | FetchKind::Webhook | FetchKind::IssuerHost => false,
    };
    if is_allowed {
        Ok(essence)
    } else {
        Err(FetchError::MediaType)
    }
}

/// Whether the bytes can be what the type says.
pub(crate) fn check_body(kind: FetchKind, media_type: &str, body: &[u8]) -> Result<(), FetchError> {
    match kind {
        FetchKind::MetadataDocument | FetchKind::Jwks | FetchKind::McpServer => {
            match std::str::from_utf8(body) {
                Ok(_) => Ok(()),
                Err(_) => Err(FetchError::NotUtf8),
            }
        }
        FetchKind::IssuerHost => Ok(()),
        FetchKind::Logo if has_signature(media_type, body) => Ok(()),
        FetchKind::Logo | FetchKind::LogoutNotice | FetchKind::Webhook => {
            Err(FetchError::MediaType)
        }
    }
}

/// CIMD §4: `application/json` or `application/<something>+json`.
fn is_json(essence: &str) -> bool {
    let Some(subtype) = essence.strip_prefix("application/") else {
        return false;
    };
    let is_token = |name: &str| {
        !name.is_empty()
            && name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&byte))
    };
    subtype == "json" || subtype.strip_suffix("+json").is_some_and(is_token)
}

/// JSON is UTF-8 (RFC 8259 §8.1); a header that says otherwise is taken at its word.
fn is_other_charset(parameter: &str) -> bool {
    let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
    name.trim().eq_ignore_ascii_case("charset")
        && !value.trim().trim_matches('"').eq_ignore_ascii_case("utf-8")
}

/// The first bytes of each format. A picture that is something else as well would be served from
/// our own origin, so the type must not be the sender's word alone.
fn has_signature(media_type: &str, body: &[u8]) -> bool {
    match media_type {
        "image/png" => body.starts_with(b"\x89PNG\r\n\x1a\n"),
        "image/jpeg" => body.starts_with(b"\xff\xd8\xff"),
        "image/gif" => body.starts_with(b"GIF87a") || body.starts_with(b"GIF89a"),
        "image/webp" => body.starts_with(b"RIFF") && body.get(8..12) == Some(b"WEBP"),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use reqwest::header::HeaderValue;

    use super::*;

    fn read_one(value: &'static str, kind: FetchKind) -> Result<String, FetchError> {
        let mut headers = HeaderMap::new();
        headers.append(CONTENT_TYPE, HeaderValue::from_static(value));
        read(&headers, kind)
    }

    #[test]
    fn json_in_its_spellings() {
        for (value, essence) in [
            ("application/json", "application/json"),
            ("Application/JSON; charset=UTF-8", "application/json"),
            ("application/json;charset=\"utf-8\"", "application/json"),
            ("application/jwk-set+json", "application/jwk-set+json"),
            ("application/cimd+json ; v=1", "application/cimd+json"),
        ] {
            for kind in [FetchKind::MetadataDocument, FetchKind::Jwks] {
                assert_eq!(read_one(value, kind).as_deref(), Ok(essence));
            }
        }
    }

    #[test]
    fn anything_else_is_refused() {
        for value in [
            "",
            "text/html",
            "text/json",
            "text/plain; charset=utf-8",
            "application/jsonp",
            "application/+json",
            "application/x json+json",
            "application/json, text/html",
            "application/json; charset=utf-16",
            "application/javascript",
            "image/png",
        ] {
            let found = read_one(value, FetchKind::MetadataDocument);
            assert_eq!(found, Err(FetchError::MediaType), "{value}");
        }
        for value in [
            "image/svg+xml",
            "image/svg",
            "text/html",
            "application/json",
        ] {
            let found = read_one(value, FetchKind::Logo);
            assert_eq!(found, Err(FetchError::MediaType), "{value}");
        }
    }

    #[test]
    fn one_header_exactly() {
        let mut headers = HeaderMap::new();
        let kind = FetchKind::MetadataDocument;
        assert_eq!(read(&headers, kind), Err(FetchError::MediaType));
        for _ in 0..2 {
            headers.append(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        assert_eq!(read(&headers, kind), Err(FetchError::MediaType));
    }

    #[test]
    fn a_picture_is_what_its_first_bytes_say() {
        let webp = b"RIFF\x00\x00\x00\x00WEBPVP8 ";
        for (media_type, body) in [
            ("image/png", b"\x89PNG\r\n\x1a\n....".as_slice()),
            ("image/jpeg", b"\xff\xd8\xff\xe0"),
            ("image/gif", b"GIF89a"),
            ("image/webp", webp),
        ] {
            assert_eq!(check_body(FetchKind::Logo, media_type, body), Ok(()));
            for wrong in [b"<svg onload=alert(1)>".as_slice(), b"", b"\x89PN"] {
                assert_eq!(
                    check_body(FetchKind::Logo, media_type, wrong),
                    Err(FetchError::MediaType)
                );
            }
        }
        assert!(check_body(FetchKind::Logo, "image/png", webp).is_err());
    }

    #[test]
    fn a_document_is_utf8() {
        let kind = FetchKind::MetadataDocument;
        assert_eq!(
            check_body(kind, "application/json", "{\"ü\":1}".as_bytes()),
            Ok(())
        );
        assert_eq!(
            check_body(kind, "application/json", b"{\"\xff\":1}"),
            Err(FetchError::NotUtf8)
        );
    }
}
