//! Where an error of the authorization endpoint is shown: one table, by what is wrong, who the client
//! is and who is there. The same table stands in docs/architecture.md.

use crate::client::Client;

use super::checks::AuthorizeError;

/// The four places.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Placement {
    /// Our error page, without any way back: nobody knows where back is.
    Page,
    /// Straight to the client.
    Redirect,
    /// The person signs in, then the rest of the table decides.
    LoginFirst,
    /// Our error page, with a button back to the application.
    PageWithButton,
}

/// Who is there when the error happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Onlooker {
    pub is_signed_in: bool,
    /// The request said `prompt=none`: no page may appear.
    pub is_prompt_none: bool,
}

/// | error | prompt=none | signed in | client trusted | place |
/// |---|---|---|---|---|
/// | unknown client, unmatched redirect URI | any | any | any | page |
/// | other | yes | any | any | redirect |
/// | other | no | no | any | sign in first |
/// | other | no | yes | no | page with a button |
/// | other | no | yes | yes | redirect |
///
/// Trusted: somebody vouches for it, or it is certainly one of the catalogue
/// ([`crate::client::Client::is_trusted`]).
pub fn place(error: &AuthorizeError, client: Option<&Client>, onlooker: Onlooker) -> Placement {
    match (error, client) {
        (AuthorizeError::Page(_), _) | (AuthorizeError::Redirect { .. }, None) => Placement::Page,
        (AuthorizeError::Redirect { .. }, Some(client)) => place_redirect(client, onlooker),
    }
}

/// The rows of the table for an error that the client may hear of. What the person answers is no
/// error and never comes here: it is always redirected.
pub fn place_redirect(client: &Client, onlooker: Onlooker) -> Placement {
    if onlooker.is_prompt_none {
        return Placement::Redirect;
    }
    // OAuth 2.1 §7.13.2: an instant bounce would make us an open redirector for whoever sends links.
    if !onlooker.is_signed_in {
        return Placement::LoginFirst;
    }
    if client.is_trusted() {
        Placement::Redirect
    } else {
        Placement::PageWithButton
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::authorization::checks::{PageError, RedirectError};
    use crate::client::ClientOrigin;
    use crate::redirect_uri::match_redirect_uri;
    use crate::test_support::{a_recognised_client, sample_client};

    /// Rows A1, A2, A7, A12: the whole table.
    #[test]
    fn an_error_is_shown_where_the_table_says() {
        let mut known = sample_client();
        known.origin = ClientOrigin::Static;
        let mut stranger = sample_client();
        stranger.origin = ClientOrigin::Registered;
        let recognised = a_recognised_client();
        let Ok(redirect_uri) = match_redirect_uri(&known.redirect_uris, None) else {
            panic!()
        };
        let page = AuthorizeError::Page(PageError::UnknownClient);
        let redirect = AuthorizeError::Redirect {
            error: RedirectError::ResponseType,
            redirect_uri: Box::new(redirect_uri),
            state: None,
        };
        for is_prompt_none in [false, true] {
            for is_signed_in in [false, true] {
                let onlooker = Onlooker {
                    is_signed_in,
                    is_prompt_none,
                };
                assert_eq!(place(&page, Some(&known), onlooker), Placement::Page);
                assert_eq!(place(&page, None, onlooker), Placement::Page);
                let expected = |when_signed_in| match (is_prompt_none, is_signed_in) {
                    (true, _) => Placement::Redirect,
                    (false, false) => Placement::LoginFirst,
                    (false, true) => when_signed_in,
                };
                let place_of = |client| place(&redirect, Some(client), onlooker);
                assert_eq!(place_of(&known), expected(Placement::Redirect));
                assert_eq!(place_of(&recognised), expected(Placement::Redirect));
                assert_eq!(place_of(&stranger), expected(Placement::PageWithButton));
            }
        }
    }
}
