//! What can go wrong on our own pages, in words for the person in front of them.
//!
//! Not here: what a client did wrong and where that is told (`refusal`). To add one more: a
//! variant of [`Trouble`], its status, its words.

use actix_web::http::StatusCode;
use protocol::ErrorCode;

/// A dead end that is shown, never redirected: nobody can be trusted with the answer, or it is the
/// person's to act on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// A1: no client of this tenant has that `client_id`, or none was sent.
    UnknownClient,
    /// The client was switched off by an administrator.
    ClientDisabled,
    /// A2: the redirect URI is not one that the client registered.
    RedirectUriMismatch,
    /// What the client publishes about itself, or its address, has a mistake.
    DocumentUnusable,
    /// K15: the tenant takes no such clients, or none of this domain.
    DocumentNotTaken,
    /// K11: its document did not arrive, and why is nobody's business.
    DocumentUnreachable,
    /// The tenant holds as many clients with documents as it may.
    NoRoom,
    /// A4, R1: the request cannot be read one way only.
    UnreadableRequest,
    /// A `request_uri` that was not made for this client here.
    UnknownRequestUri,
    /// The tenant connects no devices (RFC 8628).
    NoDevices,
    /// The sealed request is not ours, of another tenant, or altered.
    UnknownPending,
    /// The person took longer than a pending authorization lives.
    PendingExpired,
    /// The answer to this request was given before (the other tab, Back, a double click).
    PendingUsed,
    /// Begun in one browser, carried on in another, or cookies are off.
    OtherBrowser,
    /// L3: the form came from another site, or was shown to another person.
    ForeignForm,
    /// The session ended while its page was open.
    SignedOut,
    /// What was asked for was deleted while the answer was being written.
    ResourceGone,
    /// What had been allowed before, and was about to be relied on, was withdrawn.
    ConsentWithdrawn,
    /// More tries than one address or tenant may make.
    TooManyTries,
    /// The tenant has as many sessions as it may.
    NoSessions,
    /// Sign-ins queue up, or the database does not answer.
    Unavailable,
    /// Ours.
    Internal,
}

/// The words of one page: what happened, why, what to do.
#[derive(Debug, Clone, Copy)]
pub struct Words {
    pub what: &'static str,
    pub why: &'static str,
    pub advice: &'static str,
}

const BEGIN_AGAIN: &str = "Go back to the application and start connecting again from there.";

impl Trouble {
    pub const fn status(self) -> StatusCode {
        match self {
            Self::UnknownClient
            | Self::ClientDisabled
            | Self::RedirectUriMismatch
            | Self::DocumentUnusable
            | Self::UnreadableRequest
            | Self::UnknownRequestUri
            | Self::UnknownPending
            | Self::PendingExpired => StatusCode::BAD_REQUEST,
            Self::NoDevices => StatusCode::NOT_FOUND,
            Self::DocumentNotTaken
            | Self::NoRoom
            | Self::PendingUsed
            | Self::OtherBrowser
            | Self::ForeignForm
            | Self::SignedOut
            | Self::ResourceGone
            | Self::ConsentWithdrawn => StatusCode::FORBIDDEN,
            Self::DocumentUnreachable => StatusCode::BAD_GATEWAY,
            Self::TooManyTries => StatusCode::TOO_MANY_REQUESTS,
            Self::NoSessions | Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    pub const fn words(self) -> Words {
        match self {
            Self::UnknownClient
            | Self::ClientDisabled
            | Self::RedirectUriMismatch
            | Self::UnreadableRequest
            | Self::UnknownRequestUri
            | Self::NoDevices => self.words_of_request(),
            Self::DocumentUnusable
            | Self::DocumentNotTaken
            | Self::DocumentUnreachable
            | Self::NoRoom => self.words_of_document(),
            Self::UnknownPending
            | Self::PendingExpired
            | Self::PendingUsed
            | Self::OtherBrowser
            | Self::ForeignForm
            | Self::SignedOut
            | Self::ResourceGone
            | Self::ConsentWithdrawn => self.words_of_step(),
            Self::TooManyTries | Self::NoSessions | Self::Unavailable | Self::Internal => {
                self.words_of_ours()
            }
        }
    }

    const fn words_of_request(self) -> Words {
        match self {
            Self::UnknownClient => Words {
                what: "This application is not known here",
                why: "The link that brought you here names an application that is not registered, or is no longer.",
                advice: "In the application, remove this connection and connect again, so that it registers anew.",
            },
            Self::ClientDisabled => Words {
                what: "This application is switched off",
                why: "An administrator has switched off access for this application.",
                advice: "Ask the administrator whether it may be used again.",
            },
            Self::RedirectUriMismatch => Words {
                what: "This link is not safe to follow",
                why: "It would send you on to an address that the application has not registered, so we stopped here.",
                advice: "If you connected from an application you trust, remove the connection there and connect again.",
            },
            Self::UnknownRequestUri => Words {
                what: "This link was not made for here",
                why: "It names a request that the application has not made here, or that was changed on the way.",
                advice: BEGIN_AGAIN,
            },
            Self::NoDevices => Words {
                what: "No devices are connected here",
                why: "An administrator has switched off connecting devices by a code.",
                advice: "Ask the administrator whether it may be used.",
            },
            _ => Words {
                what: "This link is damaged",
                why: "Something in it is missing, comes twice, or is too long.",
                advice: BEGIN_AGAIN,
            },
        }
    }

    const fn words_of_document(self) -> Words {
        match self {
            Self::DocumentUnusable => Words {
                what: "This application is not set up correctly",
                why: "What it says about itself at its own address has a mistake, so it cannot be connected.",
                advice: "Only whoever makes the application can mend this. Pass on what stands below.",
            },
            Self::DocumentNotTaken => Words {
                what: "This application may not connect here",
                why: "An administrator decides which applications can, and this one is not among them.",
                advice: "Ask the administrator whether it can be allowed.",
            },
            Self::DocumentUnreachable => Words {
                what: "This application cannot be checked now",
                why: "It describes itself at its own address, and that description did not reach us.",
                advice: "Wait a moment, then load this page again. If it stays so, tell whoever makes the application.",
            },
            _ => Words {
                what: "No more applications can be added here",
                why: "As many are connected as the administrator has allowed. Nothing was allowed to this one.",
                advice: "Ask the administrator to remove some, or to allow more.",
            },
        }
    }

    const fn words_of_step(self) -> Words {
        match self {
            Self::PendingExpired => Words {
                what: "This took too long",
                why: "For your safety a sign-in has to be finished within some minutes.",
                advice: BEGIN_AGAIN,
            },
            Self::PendingUsed => Words {
                what: "This was answered already",
                why: "Your answer to this request has been given, and it counts once only.",
                advice: "If the application is connected, close this page. If it is not, start connecting again from there.",
            },
            Self::OtherBrowser => Words {
                what: "This sign-in began elsewhere",
                why: "It was begun in another browser or a private window, or this browser keeps no cookies.",
                advice: "Allow cookies for this site, then start connecting again and stay in one browser until the end.",
            },
            Self::ForeignForm => Words {
                what: "This answer did not come from our page",
                why: "It came from another site, or somebody else has signed in here since. Nothing was allowed.",
                advice: BEGIN_AGAIN,
            },
            Self::SignedOut => Words {
                what: "You are signed out",
                why: "You signed out, or were signed out, while this page was open. Nothing was allowed.",
                advice: BEGIN_AGAIN,
            },
            Self::ResourceGone => Words {
                what: "What was asked for is gone",
                why: "An administrator has just removed what the application wants access to. Nothing was allowed.",
                advice: "Ask the administrator whether it will be back, or connect to something else.",
            },
            Self::ConsentWithdrawn => Words {
                what: "Access was withdrawn",
                why: "What you had allowed this application before was withdrawn just now. Nothing was allowed.",
                advice: BEGIN_AGAIN,
            },
            _ => Words {
                what: "This page cannot go on",
                why: "What it knew about your sign-in cannot be read here.",
                advice: BEGIN_AGAIN,
            },
        }
    }

    const fn words_of_ours(self) -> Words {
        match self {
            Self::TooManyTries => Words {
                what: "Too many tries",
                why: "There were more attempts than we let through at once.",
                advice: "Wait a minute, then load this page again.",
            },
            Self::NoSessions => Words {
                what: "No more people can sign in just now",
                why: "As many are signed in as the operator of this service allows. Your password is right.",
                advice: "Sign out where you no longer need it, or try again later. The administrator can ask for more.",
            },
            Self::Unavailable => Words {
                what: "We cannot answer just now",
                why: "The sign-in service is busy or being looked after. Nothing is lost.",
                advice: "Wait a moment, then load this page again.",
            },
            _ => Words {
                what: "Something went wrong on our side",
                why: "Nothing was allowed, and nothing that you did caused it.",
                advice: BEGIN_AGAIN,
            },
        }
    }
}

/// What an error means for the person, when it goes back to a client that nobody vouches for by a
/// button instead of by itself.
pub const fn words_of_refusal(code: ErrorCode) -> Words {
    match code {
        ErrorCode::InvalidTarget => Words {
            what: "The application asked for something that is not here",
            why: "It wants access to a resource that is not registered here, or did not say which one.",
            advice: "Check the address of the server in the application. You can also go back and let it know.",
        },
        ErrorCode::InvalidScope => Words {
            what: "The application asked for more than it can get",
            why: "None of the permissions it asked for can be given to it.",
            advice: "Go back to the application; it will be told, and may ask for less.",
        },
        ErrorCode::AccessDenied => Words {
            what: "Access was not given",
            why: "An administrator's policies do not allow it, or there is nothing more to be given than it has.",
            advice: "Go back to the application; it will be told. The administrator can look up why by the reference below.",
        },
        ErrorCode::TemporarilyUnavailable => Words {
            what: "We cannot answer just now",
            why: "The sign-in service is busy or being looked after. Nothing is lost.",
            advice: "Wait a moment, then start connecting again from the application.",
        },
        _ => Words {
            what: "The application made a mistake",
            why: "Its request is not one that can be answered, so nothing was allowed.",
            advice: "Go back to the application; it will be told what was wrong with the request.",
        },
    }
}
