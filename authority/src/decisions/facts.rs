//! What policies are told about clients and people.

use std::collections::BTreeSet;

use protocol::client::metadata_document::DocumentUrl;
use protocol::client::{Client, ClientOrigin, catalogue};
use protocol::clock::Timestamp;

use crate::directory::KnownPerson;
use crate::policy::{AuthenticationFacts, ClientFacts, UserFacts};

/// RFC 8176 §2: a password, the one way to sign in.
const PASSWORD_METHOD: &str = "pwd";
/// One factor.
const PASSWORD_STRENGTH: u8 = 1;

pub(super) fn of_client(client: &Client) -> ClientFacts {
    let recognised = catalogue::recognise(client);
    let domain = (client.origin == ClientOrigin::Document)
        .then(|| DocumentUrl::parse(&client.client_id).ok())
        .flatten()
        .map(|url| url.host().to_owned());
    ClientFacts {
        id: client.client_id.to_string(),
        origin: client.origin.to_string(),
        name: client.name.clone(),
        domain,
        known: recognised.map(|it| it.client.id.clone()),
        is_recognized: recognised.is_some_and(|it| it.is_proven),
        is_confidential: client.is_confidential(),
    }
}

pub(super) fn of_person(person: &KnownPerson) -> UserFacts {
    UserFacts {
        id: person.user_id.to_string(),
        username: person.username.to_string(),
        email: person.email.clone(),
        groups: person.groups.clone(),
        attributes: person.attributes.clone(),
    }
}

/// By a password at that moment.
pub(super) fn of_sign_in(at: Timestamp) -> AuthenticationFacts {
    AuthenticationFacts {
        methods: BTreeSet::from([PASSWORD_METHOD.to_owned()]),
        at,
        strength: PASSWORD_STRENGTH,
    }
}
