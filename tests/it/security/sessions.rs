//! Refresh tokens and sign-out under attack.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use actix::{Actor, Context, Handler};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use troupe::actors::auth::requests::{
    IssueTestUsers, IssueTicket, Logout, LogoutAll, RedeemTicket, RefreshTokens, RemoveSession,
    SessionsRevoked,
};
use troupe::actors::request::ask;
use troupe::domain::phone::Phone;
use troupe::error::ErrorCode::{Invalid, NotFound, Unauthenticated};
use troupe::id::SessionId;
use troupe::storage::codes::Ticket;

use super::accounts::{Accounts, PHONE, pass, refused};
use crate::support::eventually;

const GRACE: Duration = Duration::from_secs(30);

/// Writes down which sessions it was told of.
#[derive(Clone, Default)]
struct Listener {
    heard: Rc<RefCell<Vec<SessionId>>>,
}

impl Actor for Listener {
    type Context = Context<Self>;
}

impl Handler<SessionsRevoked> for Listener {
    type Result = ();

    fn handle(&mut self, revoked: SessionsRevoked, _: &mut Self::Context) {
        self.heard.borrow_mut().extend(revoked.sessions.iter());
    }
}

impl Listener {
    fn on(accounts: &Accounts) -> Self {
        let listener = Self::default();
        let recipient = listener.clone().start().recipient();
        accounts.revocations.subscribe(recipient);
        listener
    }

    async fn hears(&self, session: SessionId) {
        eventually("the listener is told", || async {
            self.heard.borrow().contains(&session)
        })
        .await;
        let times = self
            .heard
            .borrow()
            .iter()
            .filter(|one| **one == session)
            .count();
        assert_eq!(times, 1, "told once");
    }
}

#[actix::test]
async fn the_same_refresh_at_once_gets_the_same_successor() {
    let accounts = Accounts::new().await;
    let first = accounts.sign_in(PHONE, None).await.tokens.refresh_token;
    let calls = (0..20).map(|_| accounts.refresh(&first));
    let pairs = futures_util::future::join_all(calls).await;
    let pairs: Vec<_> = pairs
        .into_iter()
        .map(|pair| pair.expect("a pair"))
        .collect();
    for pair in &pairs {
        assert_eq!(pair.refresh_token, pairs[0].refresh_token);
        assert!(accounts.validate(&pair.access_token).await.is_ok());
    }
    assert_ne!(pairs[0].refresh_token, first);
}

#[actix::test]
async fn a_replay_within_the_grace_repeats_and_after_it_ends_the_family() {
    let accounts = Accounts::new().await;
    let listener = Listener::on(&accounts);
    let first = accounts.sign_in(PHONE, None).await.tokens.refresh_token;
    let second = accounts.refresh(&first).await.expect("a pair");
    let claims = accounts.validate(&second.access_token).await.expect("used");
    pass(GRACE - Duration::from_secs(10)).await;
    let again = accounts.refresh(&first).await.expect("within the grace");
    assert_eq!(again.refresh_token, second.refresh_token);
    pass(Duration::from_secs(11)).await;
    refused(accounts.refresh(&first).await, Unauthenticated);
    refused(
        accounts.refresh(&second.refresh_token).await,
        Unauthenticated,
    );
    for pair in [&second, &again] {
        refused(accounts.validate(&pair.access_token).await, Unauthenticated);
    }
    assert!(accounts.revocations.is_revoked(claims.session_id));
    listener.hears(claims.session_id).await;
}

#[actix::test]
async fn an_answer_that_was_lost_can_be_asked_for_long_after() {
    let accounts = Accounts::new().await;
    let first = accounts.sign_in(PHONE, None).await.tokens;
    let lost = accounts
        .refresh(&first.refresh_token)
        .await
        .expect("a pair");
    // The old access token goes on being used: that says nothing of the new pair.
    assert!(accounts.validate(&first.access_token).await.is_ok());
    pass(Duration::from_secs(3_600)).await;
    let again = accounts.refresh(&first.refresh_token).await.expect("again");
    assert_eq!(again.refresh_token, lost.refresh_token);
    assert!(accounts.validate(&again.access_token).await.is_ok());
    refused(
        accounts.refresh(&first.refresh_token).await,
        Unauthenticated,
    );
}

#[actix::test]
async fn the_successor_being_used_makes_the_first_one_old() {
    let accounts = Accounts::new().await;
    let first = accounts.sign_in(PHONE, None).await.tokens.refresh_token;
    let second = accounts.refresh(&first).await.expect("a pair");
    let third = accounts
        .refresh(&second.refresh_token)
        .await
        .expect("a pair");
    refused(accounts.refresh(&first).await, Unauthenticated);
    refused(
        accounts.refresh(&third.refresh_token).await,
        Unauthenticated,
    );
    refused(
        accounts.validate(&third.access_token).await,
        Unauthenticated,
    );
}

#[actix::test]
async fn made_up_tokens_harm_no_one() {
    let accounts = Accounts::new().await;
    let tokens = accounts.sign_in(PHONE, None).await.tokens;
    let good = &tokens.refresh_token;
    let mut bytes = URL_SAFE_NO_PAD.decode(good).unwrap();
    let mut forged = vec![String::new(), "a.b.c".to_owned(), "A".repeat(good.len())];
    forged.push("A".repeat(100_000));
    forged.push(good[..good.len() - 1].to_owned());
    // The session's id is no secret: with another generation or secret it is still not ours.
    for at in [19, 20, 51, 52, 67] {
        bytes[at] ^= 1;
        forged.push(URL_SAFE_NO_PAD.encode(&bytes));
        bytes[at] ^= 1;
    }
    for token in forged {
        refused(accounts.refresh(&token).await, Unauthenticated);
    }
    assert!(accounts.validate(&tokens.access_token).await.is_ok());
    assert!(accounts.refresh(good).await.is_ok(), "the family lives");
}

#[actix::test]
async fn another_device_does_not_refresh() {
    let accounts = Accounts::new().await;
    let tokens = accounts.sign_in(PHONE, Some("mine")).await.tokens;
    let refresh = |device: &str| RefreshTokens {
        refresh_token: tokens.refresh_token.clone(),
        device_id: Some(device.to_owned()),
    };
    let answer = ask(&accounts.peers.refresh_tokens, refresh("another")).await;
    refused(answer, Unauthenticated);
    let answer = ask(&accounts.peers.refresh_tokens, refresh("mine")).await;
    assert!(answer.is_ok());
}

#[actix::test]
async fn a_session_dies_sixty_days_after_its_last_use() {
    let accounts = Accounts::new().await;
    let day = Duration::from_secs(86_400);
    let first = accounts.sign_in(PHONE, None).await.tokens.refresh_token;
    pass(day * 59).await;
    let second = accounts
        .refresh(&first)
        .await
        .expect("a pair")
        .refresh_token;
    pass(day * 59).await;
    let third = accounts
        .refresh(&second)
        .await
        .expect("a pair")
        .refresh_token;
    pass(day * 60).await;
    refused(accounts.refresh(&third).await, Unauthenticated);
}

#[actix::test]
async fn signing_in_again_on_a_device_ends_its_session() {
    let accounts = Accounts::new().await;
    let listener = Listener::on(&accounts);
    let first = accounts.sign_in(PHONE, Some("phone-1")).await.tokens;
    let claims = accounts.validate(&first.access_token).await.expect("good");
    pass(GRACE + Duration::from_secs(1)).await;
    let second = accounts.sign_in(PHONE, Some("phone-1")).await.tokens;
    refused(
        accounts.validate(&first.access_token).await,
        Unauthenticated,
    );
    refused(
        accounts.refresh(&first.refresh_token).await,
        Unauthenticated,
    );
    assert!(accounts.validate(&second.access_token).await.is_ok());
    listener.hears(claims.session_id).await;
}

#[actix::test]
async fn sign_out_ends_what_it_names_at_once() {
    let accounts = Accounts::new().await;
    let listener = Listener::on(&accounts);
    let mut pairs = Vec::new();
    for _ in 0..4 {
        pairs.push(accounts.sign_in(PHONE, None).await.tokens);
        pass(GRACE + Duration::from_secs(1)).await;
    }
    let mut claims = Vec::new();
    for pair in &pairs {
        claims.push(accounts.validate(&pair.access_token).await.expect("good"));
    }
    let user = claims[0].user_id;
    let session = claims[0].session_id;
    ask(&accounts.peers.logout, Logout { user, session })
        .await
        .unwrap();
    listener.hears(session).await;
    let session = claims[1].session_id;
    let remove = RemoveSession { user, session };
    for _ in 0..2 {
        ask(&accounts.peers.remove_session, remove).await.unwrap();
    }
    listener.hears(session).await;
    for pair in &pairs[..2] {
        refused(accounts.validate(&pair.access_token).await, Unauthenticated);
        refused(accounts.refresh(&pair.refresh_token).await, Unauthenticated);
    }
    for pair in &pairs[2..] {
        assert!(accounts.validate(&pair.access_token).await.is_ok());
    }
    ask(&accounts.peers.logout_all, LogoutAll { user })
        .await
        .unwrap();
    for (pair, claims) in pairs.iter().zip(&claims).skip(2) {
        refused(accounts.validate(&pair.access_token).await, Unauthenticated);
        listener.hears(claims.session_id).await;
    }
}

#[actix::test]
async fn another_persons_session_does_not_exist() {
    let accounts = Accounts::new().await;
    let mine = accounts.sign_in(PHONE, None).await;
    let theirs = accounts.sign_in("+12025550124", None).await.tokens;
    let claims = accounts.validate(&theirs.access_token).await.expect("good");
    for session in [claims.session_id, SessionId::new()] {
        let remove = RemoveSession {
            user: mine.user.id,
            session,
        };
        let answer = ask(&accounts.peers.remove_session, remove).await;
        refused(answer, NotFound);
    }
    assert!(accounts.validate(&theirs.access_token).await.is_ok());
}

#[actix::test]
async fn what_another_node_revoked_is_heard_of() {
    let accounts = Accounts::new().await;
    let listener = Listener::on(&accounts);
    let signed_in = accounts.sign_in(PHONE, None).await;
    let claims = accounts.validate(&signed_in.tokens.access_token).await;
    let session = claims.expect("good").session_id;
    let now = accounts.clock.now();
    let sessions = &accounts.stores.sessions;
    sessions
        .remove(signed_in.user.id, session, now)
        .await
        .unwrap();
    listener.hears(session).await;
    assert!(accounts.revocations.is_revoked(session));
}

#[actix::test]
async fn a_ticket_is_good_once_and_not_for_long() {
    let accounts = Accounts::new().await;
    let tokens = accounts.sign_in(PHONE, None).await.tokens;
    let claims = accounts.validate(&tokens.access_token).await.expect("good");
    let ticket = Ticket {
        user_id: claims.user_id,
        session_id: claims.session_id,
        token_expires_at: claims.expires_at,
    };
    let issue = || ask(&accounts.peers.issue_ticket, IssueTicket { ticket });
    let redeem = |ticket: &str| {
        let ticket = ticket.to_owned();
        ask(&accounts.peers.redeem_ticket, RedeemTicket { ticket })
    };
    let text = issue().await.expect("a ticket");
    assert_eq!(redeem(&text).await.expect("good"), claims);
    refused(redeem(&text).await, Unauthenticated);
    let late = issue().await.expect("a ticket");
    pass(Duration::from_secs(30)).await;
    refused(redeem(&late).await, Unauthenticated);
    for made_up in ["", "x", &"A".repeat(43), &"A".repeat(100_000)] {
        refused(redeem(made_up).await, Unauthenticated);
    }
    let after = issue().await.expect("a ticket");
    let Ticket {
        user_id: user,
        session_id: session,
        ..
    } = ticket;
    ask(&accounts.peers.logout, Logout { user, session })
        .await
        .unwrap();
    refused(redeem(&after).await, Unauthenticated);
}

#[actix::test]
async fn test_people_are_new_and_signed_in() {
    let accounts = Accounts::new().await;
    let issue = |count| ask(&accounts.peers.issue_test_users, IssueTestUsers { count });
    for count in [0, 20_001] {
        refused(issue(count).await, Invalid);
    }
    let mut people = issue(3).await.expect("people");
    people.extend(issue(600).await.expect("people"));
    assert_eq!(people.len(), 603);
    let mut phones: Vec<&str> = people.iter().map(|one| one.user.phone.as_str()).collect();
    phones.sort_unstable();
    phones.dedup();
    assert_eq!(phones.len(), 603);
    for one in people.iter().step_by(100) {
        let phone = one.user.phone.as_str();
        assert!(!phone.starts_with("+1202555"));
        assert!(Phone::parse(phone, None).is_some());
        let claims = accounts.validate(&one.tokens.access_token).await;
        assert_eq!(claims.expect("good").user_id, one.user.id);
        assert!(accounts.refresh(&one.tokens.refresh_token).await.is_ok());
    }
}
