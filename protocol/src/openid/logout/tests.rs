use super::*;
use crate::client::ClientOrigin;
use crate::redirect_uri::RedirectUri;
use crate::test_support::{sample_client, uuid};

const BACK: &str = "https://client.example/bye?x=1";

fn client() -> Client {
    Client {
        post_logout_redirect_uris: vec![BACK.to_owned()],
        ..sample_client()
    }
}

fn request(query: &str) -> LogoutRequest {
    LogoutRequest::parse(&Parameters::parse(query.as_bytes()).unwrap()).unwrap()
}

fn asking_for(uri: &str) -> LogoutRequest {
    LogoutRequest {
        post_logout_redirect_uri: Some(uri.to_owned()),
        state: Some("a b&c".to_owned()),
        ..LogoutRequest::default()
    }
}

fn hint() -> LogoutHint {
    LogoutHint {
        client_id: sample_client().client_id,
        user_id: UserId::from_uuid(uuid(5)),
        session_id: Some(SessionId::from_uuid(uuid(7))),
    }
}

fn session() -> OpenSession {
    OpenSession {
        session_id: SessionId::from_uuid(uuid(7)),
        user_id: UserId::from_uuid(uuid(5)),
    }
}

#[test]
fn a_repeated_parameter_is_an_error() {
    let parameters = Parameters::parse(b"state=a&state=b").unwrap();
    let refused = LogoutRequest::parse(&parameters).unwrap_err();
    assert_eq!(refused.code(), ErrorCode::InvalidRequest);
    assert_eq!(request("state=a").state.as_deref(), Some("a"));
}

/// Exact, whatever a browser would make of the other spellings.
#[test]
fn a_destination_is_registered_byte_for_byte() {
    let client = client();
    let found = asking_for(BACK).destination(Some(&client)).unwrap();
    assert_eq!(
        found.unwrap().location(),
        "https://client.example/bye?x=1&state=a+b%26c"
    );
    for other in [
        "https://client.example/bye",
        "https://client.example/bye?x=1&y=2",
        "https://client.example/bye?x=1#",
        "https://client.example:443/bye?x=1",
        "https://CLIENT.example/bye?x=1",
        "https://evil.example/",
        "//client.example/bye?x=1",
        "javascript:alert(1)",
    ] {
        let refused = asking_for(other).destination(Some(&client));
        assert_eq!(refused, Err(LogoutRequestError::RedirectNotRegistered));
    }
    assert_eq!(request("").destination(Some(&client)), Ok(None));
    assert_eq!(
        asking_for(BACK).destination(None),
        Err(LogoutRequestError::ClientMissing)
    );
    let disabled = Client {
        is_enabled: false,
        ..client
    };
    assert!(asking_for(BACK).destination(Some(&disabled)).is_err());
}

#[test]
fn hint_and_client_id_must_agree() {
    let own = request("client_id=client-1");
    let other = request("client_id=client-2");
    let hint = hint();
    assert_eq!(
        own.named_client(Some(&hint)),
        Ok(Some(hint.client_id.clone()))
    );
    assert_eq!(
        other.named_client(Some(&hint)),
        Err(LogoutRequestError::OtherClient)
    );
    let found = request("").named_client(Some(&hint));
    assert_eq!(found, Ok(Some(hint.client_id.clone())));
    assert_eq!(request("").named_client(None), Ok(None));
}

/// Any site may send a browser here: only whoever holds this session's ID token signs it out unasked.
#[test]
fn the_person_is_asked_unless_the_hint_names_this_very_session() {
    let here = Some(session());
    assert_eq!(step(here, None), LogoutStep::Ask);
    assert_eq!(step(here, Some(&hint())), LogoutStep::SignOut);
    let changed = |change: fn(&mut LogoutHint)| {
        let mut hint = hint();
        change(&mut hint);
        step(here, Some(&hint))
    };
    let other = |hint: &mut LogoutHint| hint.session_id = Some(SessionId::from_uuid(uuid(8)));
    assert_eq!(changed(other), LogoutStep::Ask);
    assert_eq!(changed(|hint| hint.session_id = None), LogoutStep::Ask);
    let somebody = |hint: &mut LogoutHint| hint.user_id = UserId::from_uuid(uuid(6));
    assert_eq!(changed(somebody), LogoutStep::Ask);
    assert_eq!(step(None, Some(&hint())), LogoutStep::NothingToDo);
}

#[test]
fn nobody_is_sent_on_unseen_to_a_client_that_registered_itself() {
    let registered = Client {
        origin: ClientOrigin::Registered,
        ..client()
    };
    assert!(!goes_on_by_itself(LogoutStep::NothingToDo, &registered));
    assert!(goes_on_by_itself(LogoutStep::SignOut, &registered));
    assert!(goes_on_by_itself(LogoutStep::NothingToDo, &client()));
}

/// Row L8: to list the redirect URIs of a known client is no proof of other places.
#[test]
fn borrowed_redirect_uris_lead_nowhere_by_themselves() {
    let borrowing = Client {
        origin: ClientOrigin::Registered,
        name: Some("Claude".to_owned()),
        redirect_uris: vec![RedirectUri::from_stored(
            "https://claude.ai/api/mcp/auth_callback",
        )],
        post_logout_redirect_uris: vec!["https://evil.example/phish".to_owned()],
        ..sample_client()
    };
    assert!(borrowing.is_trusted(), "it is recognised by them");
    assert!(!goes_on_by_itself(LogoutStep::NothingToDo, &borrowing));
    assert!(!goes_on_by_itself(LogoutStep::Ask, &borrowing));
    assert!(!is_known(&borrowing));
}
