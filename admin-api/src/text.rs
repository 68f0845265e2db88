//! Kinds of text in bodies, as the document describes them: what is drawn or checked by these descriptions is what the
//! operations take.
//!
//! What it is not: the rules themselves, which are `wire`'s, `protocol`'s and each thing's own validation.
//!
//! To add one more: its line here, and `value_type = text::…` at the member.

use std::borrow::Cow;

use protocol::client::{AuthMethod, GrantType};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{RefOr, Schema, SchemaFormat};
use utoipa::{PartialSchema, ToSchema};

/// Nothing that a reader cannot see or that reorders text (`wire::words`), and something to read.
const READABLE: &str = r"^[^\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]*[^\s\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff][^\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]*$";
/// The same without spaces around it.
const TRIMMED: &str = r"^[^\s\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]([^\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]*[^\s\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff])?$";
const SLUG: &str = r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?$";
const HOST: &str = r"^[a-z0-9.:\[\]_-]+$";
const UNRESERVED: &str = r"^[A-Za-z0-9._~-]+$";
const SCOPE: &str = r"^[\x21\x23-\x5b\x5d-\x7e]+$";
const VISIBLE: &str = r"^[\x21-\x7e]+$";
const EMAIL: &str = r"^[^@\s\u0000-\u001f\u007f-\u009f]+@[^@\s\u0000-\u001f\u007f-\u009f]+$";
const HTTPS: &str = r"^https://";

macro_rules! texts {
    ($($(#[doc = $doc:literal])+ $name:ident = $lengths:expr, $pattern:expr, $format:expr;)+) => {$(
        $(#[doc = $doc])+
        pub struct $name;

        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                describe(concat!($($doc),+).trim(), $lengths, $pattern, $format)
            }
        }

        impl ToSchema for $name {
            fn name() -> Cow<'static, str> {
                Cow::Borrowed(stringify!($name))
            }
        }
    )+};
}

texts! {
    /// Words that people will read.
    Words = 1..=128, Some(READABLE), None;
    /// A sentence that people will read.
    Sentence = 1..=500, Some(READABLE), None;
    /// Chosen once, for ever.
    SlugText = 1..=63, Some(SLUG), None;
    /// An id that an operator chooses.
    ChosenId = 1..=255, Some(UNRESERVED), None;
    /// In lower case, with its port if that is not 443.
    HostText = 1..=260, Some(HOST), None;
    /// What a person types to sign in.
    Username = 1..=128, Some(TRIMMED), None;
    /// Whether mail arrives there, only mail can tell.
    EmailAddress = 3..=254, Some(EMAIL), None;
    /// An absolute URI without fragment, user name or dot segments.
    ResourceUri = 1..=2000, None, Some("uri");
    /// What `aud` of its tokens says; never `*`.
    Audience = 1..=2000, Some(VISIBLE), None;
    /// Visible ASCII without quotes and backslashes (RFC 6749 §3.3).
    ScopeName = 1..=200, Some(SCOPE), None;
    /// An https URL.
    HttpsUrl = 9..=2048, Some(HTTPS), Some("uri");
    /// What an application is called; nothing that a reader cannot see.
    ClientName = 1..=128, Some(READABLE), None;
    /// Where an answer is sent to.
    RedirectUriText = 1..=2048, None, Some("uri");
}

macro_rules! choices {
    ($($(#[doc = $doc:literal])+ $name:ident = $values:expr;)+) => {$(
        $(#[doc = $doc])+
        pub struct $name;

        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                let values: Vec<&str> = $values;
                let choice = ObjectBuilder::new().schema_type(Type::String);
                choice
                    .description(Some(concat!($($doc),+).trim()))
                    .enum_values(Some(values))
                    .into()
            }
        }

        impl ToSchema for $name {
            fn name() -> Cow<'static, str> {
                Cow::Borrowed(stringify!($name))
            }
        }
    )+};
}

choices! {
    /// How a client proves itself at the token endpoint.
    AuthMethodName = AuthMethod::ALL.iter().map(|method| method.as_str()).collect();
    /// What a client may ask for tokens with.
    GrantTypeName = GrantType::ALL.iter().map(|grant_type| grant_type.as_str()).collect();
    /// Whether it runs on a server or on a person's own machine.
    ApplicationTypeName = vec!["web", "native"];
    /// What an assertion or a token is signed with.
    AlgorithmName = vec!["RS256", "PS256", "ES256", "EdDSA"];
}

fn describe(
    description: &str,
    lengths: std::ops::RangeInclusive<usize>,
    pattern: Option<&str>,
    format: Option<&str>,
) -> RefOr<Schema> {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .description(Some(description))
        .min_length(Some(*lengths.start()))
        .max_length(Some(*lengths.end()))
        .pattern(pattern)
        .format(format.map(|format| SchemaFormat::Custom(format.to_owned())))
        .into()
}
