//! D1 and D2 against `kill -9`: what was acked is there, dense and once, whatever moment it was.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};

use super::load::{Attempts, Place, over_rest, over_socket};
use crate::support::{Person, Server};

const ROUNDS: usize = 20;
const PEOPLE: usize = 5;

/// What the chats hold, as far as it has been seen: each message's `clientMessageId`, by seq.
#[derive(Default)]
struct Truth {
    chats: BTreeMap<String, Vec<(String, Place)>>,
}

#[tokio::test]
async fn nothing_acked_is_lost_and_nothing_is_there_twice() {
    let mut server = Server::options().unlimited().start().await;
    let mut people = server.crowd(PEOPLE).await;
    let chats = make_chats(&people).await;
    let mut truth = Truth::default();
    let mut acked = 0;
    for round in 0..ROUNDS {
        let load = start_load(&people, round, &chats);
        let moment = Duration::from_millis(rand::random_range(20..600));
        tokio::time::sleep(moment).await;
        let data = server.kill();
        let mut attempts = Attempts::new();
        for sender in load {
            attempts.extend(sender.await.expect("the load ends with the server"));
        }
        acked += attempts.values().filter(|one| one.acked.is_some()).count();

        server = Server::options().unlimited().data(data).start().await;
        for person in &mut people {
            let api = server.api();
            person.api = api.with_token(&person.access_token);
        }
        let found = truth.read_on(&people[0], &chats).await;
        check(&attempts, &found);
        send_again(&people, &attempts, &found).await;
    }
    assert!(acked > ROUNDS, "a load worth the name: {acked} acked");
    let before = truth.chats;
    let mut whole = Truth::default();
    whole.read_on(&people[0], &chats).await;
    for (chat_id, messages) in &before {
        let now = &whole.chats[chat_id];
        assert_eq!(now[..messages.len()], messages[..], "the past has changed");
    }
}

/// A direct chat of the first with each other one, and a group of all; the first is in every chat.
async fn make_chats(people: &[Person]) -> Vec<Vec<String>> {
    let first = &people[0];
    let others: Vec<&Person> = people[1..].iter().collect();
    let group = first.group("All", &others).await;
    let mut chats = vec![vec![group.clone()]];
    for other in others {
        let direct = first.direct(other).await;
        chats[0].push(direct.clone());
        chats.push(vec![direct, group.clone()]);
    }
    chats
}

/// Everyone sends to all of his chats; the last over REST, the others over sockets.
fn start_load(
    people: &[Person],
    round: usize,
    chats: &[Vec<String>],
) -> Vec<tokio::task::JoinHandle<Attempts>> {
    people
        .iter()
        .zip(chats)
        .enumerate()
        .map(|(sender, (person, chats))| {
            let (person, chats) = (person.clone(), chats.clone());
            match sender + 1 == people.len() {
                true => tokio::spawn(over_rest(person, (sender, round), chats)),
                false => tokio::spawn(over_socket(person, (sender, round), chats)),
            }
        })
        .collect()
}

impl Truth {
    /// Reads what is new in every chat; answers it by `clientMessageId`.
    async fn read_on(&mut self, reader: &Person, chats: &[Vec<String>]) -> BTreeMap<String, Place> {
        let mut found = BTreeMap::new();
        for chat_id in &chats[0] {
            let log = self.chats.entry(chat_id.clone()).or_default();
            loop {
                let page = next_page(reader, chat_id, log.len()).await;
                if page.is_empty() {
                    break;
                }
                for message in page.iter().rev() {
                    let (client_id, place) = read(message);
                    let seq = log.len() as u64 + 1;
                    assert_eq!(place.seq, seq, "seqs are dense from 1");
                    // Entry 1 made the chat, every other one is a message.
                    assert_eq!(place.rev, seq + 1, "revs are dense");
                    let twice = found.insert(client_id.clone(), place.clone());
                    assert!(twice.is_none(), "{client_id} is there twice");
                    let before = log.iter().find(|(id, _)| *id == client_id);
                    assert!(before.is_none(), "{client_id} was there before");
                    log.push((client_id, place));
                }
            }
            let chat = reader.chat(chat_id).await;
            assert_eq!(chat["headSeq"], log.len(), "{chat}");
            assert_eq!(chat["headRev"], log.len() + 1, "{chat}");
        }
        found
    }
}

/// Newest first, as the contract gives it.
async fn next_page(reader: &Person, chat_id: &str, after: usize) -> Vec<Value> {
    let path = format!("/chats/{chat_id}/messages?after={after}&limit=200");
    let page = reader.api.get(&path).await.ok();
    page["items"].as_array().expect("items").clone()
}

fn read(message: &Value) -> (String, Place) {
    let client_id = message["clientMessageId"].as_str().expect("an id");
    let content = message["payload"]["content"].as_str().expect("a text");
    assert_eq!(content, format!("message {client_id}"));
    let place = Place {
        message_id: message["id"].as_str().expect("an id").to_owned(),
        seq: message["seq"].as_u64().expect("a seq"),
        rev: message["rev"].as_u64().expect("a rev"),
    };
    (client_id.to_owned(), place)
}

/// Every acked message is where its ack said.
fn check(attempts: &Attempts, found: &BTreeMap<String, Place>) {
    for (client_id, attempt) in attempts {
        if let Some(place) = &attempt.acked {
            assert_eq!(found.get(client_id), Some(place), "{client_id} was acked");
        }
    }
}

/// Sends everything unacked again, and some of the acked: what was there keeps its first ids.
async fn send_again(people: &[Person], attempts: &Attempts, found: &BTreeMap<String, Place>) {
    let acked = attempts.iter().filter(|(_, one)| one.acked.is_some());
    let unacked = attempts.iter().filter(|(_, one)| one.acked.is_none());
    for (client_id, attempt) in unacked.chain(acked.take(20)) {
        let body = json!({
            "type": "text", "content": attempt.content, "clientMessageId": client_id,
        });
        let person = &people[attempt.sender];
        let answer = person.post_message(&attempt.chat_id, body).await;
        match found.get(client_id) {
            Some(place) => {
                let answer = answer.ok();
                assert_eq!(answer["duplicate"], true, "{answer}");
                assert_eq!(Place::of(&answer), *place, "{client_id}: the first ids");
            }
            None => assert_eq!(answer.created()["duplicate"], false),
        }
    }
}
