//! Makes the people and the chats of a test over the server's own REST.

use futures_util::{StreamExt, TryStreamExt, stream};
use reqwest::Client;
use serde::Deserialize;
use serde_json::{Value, json};

use super::arguments::{Arguments, Shape};

/// Most people the admin listener makes at once.
const USERS_PER_CALL: usize = 20_000;
/// Chats being made at the same time.
const CHATS_AT_ONCE: usize = 16;

/// Someone to connect as.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Person {
    pub user_id: String,
    pub access_token: String,
}

/// A chat and where its log stood before the test. Its members are the next of the people.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Room {
    pub id: String,
    pub head_seq: u64,
    pub head_rev: u64,
}

/// Makes `count` people.
pub async fn people(arguments: &Arguments, count: usize) -> Result<Vec<Person>, String> {
    #[derive(Deserialize)]
    struct Made {
        items: Vec<Person>,
    }
    let http = client()?;
    let mut people = Vec::with_capacity(count);
    while people.len() < count {
        let more = (count - people.len()).min(USERS_PER_CALL);
        let url = format!("{}/admin/test-users", arguments.admin_url);
        let call = http.post(url).json(&json!({ "count": more }));
        let mut made: Made = answer(call).await?;
        if made.items.is_empty() {
            return Err("the admin listener made no users".to_owned());
        }
        people.append(&mut made.items);
    }
    Ok(people)
}

/// Makes a chat for each full set of people, in their order.
pub async fn rooms(arguments: &Arguments, people: &[Person]) -> Result<Vec<Room>, String> {
    let http = client()?;
    let calls = people
        .chunks_exact(arguments.chat_size())
        .enumerate()
        .map(|(index, members)| {
            let ids: Vec<_> = members.iter().map(|member| &member.user_id).collect();
            let body = match arguments.shape {
                Shape::Direct => json!({"type": "direct", "userId": ids[1]}),
                Shape::Group => {
                    json!({"type": "group", "name": format!("load {index}"), "participantIds": ids[1..]})
                }
            };
            let call = http
                .post(format!("{}/api/v1/chats", arguments.url))
                .bearer_auth(&members[0].access_token)
                .json(&body);
            answer::<Room>(call)
        });
    stream::iter(calls)
        .buffered(CHATS_AT_ONCE)
        .try_collect()
        .await
}

/// Sends a call and reads its answer.
pub async fn answer<T: for<'de> Deserialize<'de>>(
    call: reqwest::RequestBuilder,
) -> Result<T, String> {
    let answer = call
        .send()
        .await
        .map_err(|error| format!("no answer: {error}; is `troupe dev` running there?"))?;
    let status = answer.status();
    if !status.is_success() {
        let problem: Value = answer.json().await.unwrap_or_default();
        let detail = problem["detail"].as_str().unwrap_or("no reason given");
        return Err(format!(
            "the server refused to prepare the test: {status}, {detail}"
        ));
    }
    answer
        .json()
        .await
        .map_err(|error| format!("an answer was not as expected: {error}"))
}

/// Goes straight to the server, as the sockets do.
pub fn client() -> Result<Client, String> {
    Client::builder()
        .no_proxy()
        .build()
        .map_err(|error| format!("client: {error}"))
}
