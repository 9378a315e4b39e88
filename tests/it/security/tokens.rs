//! Access tokens under attack: nothing but our own living ones passes, and nothing panics.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use troupe::actors::auth::keyring::KNOWN_TO_ALL;
use troupe::error::ErrorCode::Unauthenticated;

use super::accounts::{Accounts, PHONE, START, open_keys, pass, refused};

/// The installation's own key, as an attacker who signs with it would hold it; it also serves to
/// make tokens that only the claims can give away.
struct Forger {
    pair: EcdsaKeyPair,
    kid: String,
    /// The claims of a good token.
    claims: Value,
    good: String,
}

impl Forger {
    async fn new(accounts: &Accounts) -> Self {
        let good = accounts.sign_in(PHONE, None).await.tokens.access_token;
        let keys = accounts.stores.keys.find().await.unwrap().unwrap();
        let key = keys.signing.last().unwrap();
        let pair = EcdsaKeyPair::from_pkcs8(
            &ECDSA_P256_SHA256_FIXED_SIGNING,
            key.pkcs8.expose_secret(),
            &SystemRandom::new(),
        );
        let payload = good.split('.').nth(1).unwrap();
        let claims = URL_SAFE_NO_PAD.decode(payload).unwrap();
        Self {
            pair: pair.unwrap(),
            kid: key.kid.clone(),
            claims: serde_json::from_slice(&claims).unwrap(),
            good,
        }
    }

    fn header(&self) -> Value {
        json!({"alg": "ES256", "typ": "JWT", "kid": self.kid})
    }

    fn sign(&self, header: &Value, claims: &Value) -> String {
        let signed = unsigned(header, claims);
        let signature = self.pair.sign(&SystemRandom::new(), signed.as_bytes());
        let signature = URL_SAFE_NO_PAD.encode(signature.unwrap());
        format!("{signed}.{signature}")
    }

    /// A token with one claim changed, or with `null` taken out.
    fn with(&self, name: &str, value: Value) -> String {
        let mut claims = self.claims.clone();
        if value.is_null() {
            claims.as_object_mut().unwrap().remove(name);
        } else {
            claims[name] = value;
        }
        self.sign(&self.header(), &claims)
    }
}

fn unsigned(header: &Value, claims: &Value) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}", part(header), part(claims))
}

async fn all_refused(accounts: &Accounts, forger: &Forger, tokens: Vec<String>) {
    for token in tokens {
        let shown: String = token.chars().take(120).collect();
        let answer = accounts.validate(&token).await;
        let Err(failure) = answer else {
            panic!("let through: {shown}");
        };
        assert_eq!(failure.code(), Unauthenticated, "{shown}");
    }
    assert!(accounts.validate(&forger.good).await.is_ok(), "it lives on");
}

#[actix::test]
async fn a_good_token_says_who_and_how_long() {
    let accounts = Accounts::new().await;
    let before = accounts.clock.now();
    let signed_in = accounts.sign_in(PHONE, None).await;
    let after = accounts.clock.now();
    let claims = accounts.validate(&signed_in.tokens.access_token).await;
    let claims = claims.expect("good");
    assert_eq!(claims.user_id, signed_in.user.id);
    let (day, second) = (Duration::from_secs(86_400), Duration::from_secs(1));
    assert!(claims.expires_at.since(before) >= day - second);
    assert!(claims.expires_at.since(after) <= day + second);
    assert_eq!(signed_in.tokens.expires_in, 86_400);
    let header = header_of(&signed_in.tokens.access_token);
    assert_eq!(header["alg"], "ES256");
    assert!(header["kid"].is_string());
}

/// The header of a token.
fn header_of(token: &str) -> Value {
    let header = URL_SAFE_NO_PAD.decode(token.split('.').next().unwrap());
    serde_json::from_slice(&header.unwrap()).unwrap()
}

#[actix::test]
async fn no_other_algorithm_passes() {
    let accounts = Accounts::new().await;
    let forger = Forger::new(&accounts).await;
    let public = forger.pair.public_key().as_ref().to_vec();
    let mut tokens = Vec::new();
    for alg in [
        "none", "None", "HS256", "RS256", "ES384", "PS256", "", "ES256 ",
    ] {
        let header = json!({"alg": alg, "typ": "JWT", "kid": forger.kid});
        let signed = unsigned(&header, &forger.claims);
        tokens.push(format!("{signed}."));
        tokens.push(forger.sign(&header, &forger.claims));
        for secret in [&public[..], &public[1..], forger.kid.as_bytes(), b""] {
            let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, secret);
            let tag = ring::hmac::sign(&key, signed.as_bytes());
            tokens.push(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(tag)));
        }
    }
    for header in [
        json!({"alg": "ES256"}),
        json!({"alg": "ES256", "kid": "another"}),
        json!({"alg": "ES256", "kid": ""}),
        json!({"alg": "ES256", "kid": null}),
        json!({"alg": "ES256", "kid": 5}),
        json!({"kid": forger.kid}),
        json!({}),
        json!([]),
        json!("ES256"),
    ] {
        tokens.push(forger.sign(&header, &forger.claims));
    }
    all_refused(&accounts, &forger, tokens).await;
}

#[actix::test]
async fn a_key_of_ones_own_does_not_pass() {
    let accounts = Accounts::new().await;
    let mut forger = Forger::new(&accounts).await;
    let algorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
    let pkcs8 = EcdsaKeyPair::generate_pkcs8(algorithm, &SystemRandom::new()).unwrap();
    let pair = EcdsaKeyPair::from_pkcs8(algorithm, pkcs8.as_ref(), &SystemRandom::new()).unwrap();
    let point = pair.public_key().as_ref().to_vec();
    forger.pair = pair;
    let mut header = forger.header();
    let plain = forger.sign(&header, &forger.claims);
    header["jwk"] = json!({
        "kty": "EC", "crv": "P-256", "kid": forger.kid, "alg": "ES256",
        "x": URL_SAFE_NO_PAD.encode(&point[1..33]), "y": URL_SAFE_NO_PAD.encode(&point[33..]),
    });
    header["jku"] = json!("https://attacker.example/jwks.json");
    let carried = forger.sign(&header, &forger.claims);
    all_refused(&accounts, &forger, vec![plain, carried]).await;
}

#[actix::test]
async fn claims_must_be_there_and_right() {
    let accounts = Accounts::new().await;
    let forger = Forger::new(&accounts).await;
    let honest = forger.sign(&forger.header(), &forger.claims);
    assert!(
        accounts.validate(&honest).await.is_ok(),
        "the forger can sign"
    );
    let now = START.seconds();
    let mut tokens = Vec::new();
    for name in ["exp", "iat", "sub", "iss", "aud", "sid"] {
        tokens.push(forger.with(name, Value::Null));
        for value in [
            json!(""),
            json!([]),
            json!({}),
            json!(true),
            json!("x"),
            json!(1.5),
        ] {
            tokens.push(forger.with(name, value));
        }
    }
    for exp in [
        json!(i64::MAX),
        json!(u64::MAX),
        json!(i64::MIN),
        json!(-1),
        json!(0),
    ] {
        tokens.push(forger.with("exp", exp));
    }
    for exp in [
        json!(now),
        json!(now - 1),
        json!((now + 60).to_string()),
        json!(1e300),
    ] {
        tokens.push(forger.with("exp", exp));
    }
    for iat in [json!(i64::MAX), json!(u64::MAX), json!(now + 3_600)] {
        tokens.push(forger.with("iat", iat));
    }
    tokens.push(forger.with("iss", json!("another")));
    tokens.push(forger.with("aud", json!("another")));
    tokens.push(forger.with("sub", json!(uuid::Uuid::now_v7())));
    tokens.push(forger.with("sid", json!(uuid::Uuid::now_v7())));
    all_refused(&accounts, &forger, tokens).await;
}

#[actix::test]
async fn broken_tokens_are_refused() {
    let accounts = Accounts::new().await;
    let forger = Forger::new(&accounts).await;
    let good = &forger.good;
    let mut tokens: Vec<String> = ["", ".", "..", "...", "a.b.c", "\u{0}.\u{0}.\u{0}", "é.é.é"]
        .map(str::to_owned)
        .to_vec();
    for at in (0..good.len()).step_by(7) {
        tokens.push(good[..at].to_owned());
        let mut flipped = good.clone().into_bytes();
        flipped[at] = if flipped[at] == b'A' { b'B' } else { b'A' };
        tokens.push(String::from_utf8(flipped).unwrap());
    }
    tokens.push(format!("{good}."));
    tokens.push(format!("{good}.{good}"));
    tokens.push(format!(" {good}"));
    tokens.push("A".repeat(100_000));
    tokens.push(".".repeat(100_000));
    tokens.push(format!("{good}{}", "A".repeat(100_000)));
    let deep = format!("{}{}", "[".repeat(900), "]".repeat(900));
    tokens.push(format!("{}.e30.AA", URL_SAFE_NO_PAD.encode(deep)));
    all_refused(&accounts, &forger, tokens).await;
}

#[actix::test]
async fn a_token_ends_after_a_day() {
    let accounts = Accounts::new().await;
    let token = accounts.sign_in(PHONE, None).await.tokens.access_token;
    pass(Duration::from_secs(86_400 - 60)).await;
    assert!(accounts.validate(&token).await.is_ok());
    pass(Duration::from_secs(61)).await;
    refused(accounts.validate(&token).await, Unauthenticated);
}

#[actix::test]
async fn a_retired_key_is_accepted_while_its_tokens_live_and_then_no_more() {
    let accounts = Accounts::new().await;
    let keyring = &accounts.keyring;
    let signed_in = accounts.sign_in(PHONE, None).await;
    let claims = accounts.validate(&signed_in.tokens.access_token).await;
    let session = claims.expect("good").session_id;
    let day = Duration::from_secs(86_400);
    let old = START + day * 91;
    let before = keyring.tokens();
    keyring.renew(old).await.unwrap();
    let kept = accounts.stores.keys.find().await.unwrap().unwrap();
    assert_eq!(kept.signing.len(), 2);
    let early = keyring.tokens().sign(signed_in.user.id, session, 0, old);
    let early = early.unwrap();
    assert!(
        before.verify(&early, old).is_some(),
        "nodes first learn the new key"
    );
    let old = old + KNOWN_TO_ALL;
    keyring.renew(old).await.unwrap();

    let at_the_end = before.sign(signed_in.user.id, session, 0, old).unwrap();
    let after = keyring.tokens();
    assert!(after.verify(&at_the_end, old + day / 2).is_some());
    let fresh = after.sign(signed_in.user.id, session, 0, old).unwrap();
    assert!(after.verify(&fresh, old).is_some());
    assert!(before.verify(&fresh, old).is_none(), "another key");
    let document = |now| serde_json::from_str::<Value>(&after.public_keys(now).unwrap()).unwrap();
    assert_eq!(document(old)["keys"].as_array().unwrap().len(), 2);
    assert_eq!(document(old + day)["keys"].as_array().unwrap().len(), 1);

    // Signed with the old key after it was retired: its own times are good, the key is not.
    let later = old + day + Duration::from_secs(1);
    let stolen = before.sign(signed_in.user.id, session, 0, later).unwrap();
    assert!(before.verify(&stolen, later).is_some());
    assert!(after.verify(&stolen, later).is_none(), "past the overlap");
    keyring.renew(later).await.unwrap();
    let kept = accounts.stores.keys.find().await.unwrap().unwrap();
    assert_eq!(kept.signing.len(), 1, "a key whose tokens ended is gone");
}

#[actix::test]
async fn keys_are_the_same_after_a_restart() {
    let accounts = Accounts::new().await;
    let signed_in = accounts.sign_in(PHONE, None).await;
    let again = open_keys(&accounts.config, &accounts.stores, accounts.clock.now()).await;
    let claims = again
        .tokens()
        .verify(&signed_in.tokens.access_token, accounts.clock.now());
    assert_eq!(claims.expect("good").sub, signed_in.user.id);
    assert!(!Arc::ptr_eq(&again, &accounts.keyring));
}

#[actix::test]
async fn the_public_document_holds_nothing_private() {
    let accounts = Accounts::new().await;
    let forger = Forger::new(&accounts).await;
    let document = accounts.keyring.tokens().public_keys(START).unwrap();
    let document: Value = serde_json::from_str(&document).unwrap();
    let [key] = &document["keys"].as_array().unwrap()[..] else {
        panic!("one key: {document}");
    };
    let point = forger.pair.public_key().as_ref();
    let expected = json!({
        "kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": forger.kid,
        "x": URL_SAFE_NO_PAD.encode(&point[1..33]), "y": URL_SAFE_NO_PAD.encode(&point[33..]),
    });
    assert_eq!(*key, expected);
}
