//! What a device holds of its chats, kept as the contract tells a client to.

use std::collections::{BTreeMap, HashMap};

use serde_json::{Value, json};

/// One chat: revs are applied in order, a gap asks for a sync.
#[derive(Clone, Debug, Default)]
pub struct ChatCopy {
    pub rev: u64,
    /// Message ids by seq.
    pub messages: BTreeMap<u64, String>,
}

/// By chat and user.
type Statuses = HashMap<(String, String), [u64; 2]>;

/// Everything a device knows.
#[derive(Clone, Debug, Default)]
pub struct Copies {
    pub chats: HashMap<String, ChatCopy>,
    /// How far each member of a chat is said to be: delivered, read.
    statuses: Statuses,
    /// What of that frames said. Those that are held while a sync is answered come behind it.
    told: Statuses,
    /// How far all were when the last sync was asked for: frames may overtake its answer.
    asked: Statuses,
    /// A frame left a gap, or said that there is more.
    pub is_behind: bool,
    /// What must never happen.
    pub violations: Vec<String>,
}

impl Copies {
    /// What a `sync` asks with.
    pub fn ask(&mut self) -> Value {
        self.asked.clone_from(&self.statuses);
        let revs = self
            .chats
            .iter()
            .map(|(id, chat)| (id.clone(), json!(chat.rev)));
        Value::Object(revs.collect())
    }

    /// A frame that is not an answer to a send.
    pub fn take(&mut self, frame: &Value) {
        let chat_id = frame["chatId"].as_str().unwrap_or_default();
        match frame["type"].as_str() {
            Some("heads") => self.heads(frame),
            Some("sync.chat") => self.synced(chat_id, frame),
            Some("message.status") => self.told(chat_id, frame),
            _ => {
                if let Some(rev) = frame["rev"].as_u64()
                    && !chat_id.is_empty()
                {
                    self.apply(chat_id, rev, &frame["message"]);
                }
            }
        }
    }

    /// K5: whoever was further is further for good.
    fn told(&mut self, chat_id: &str, frame: &Value) {
        let user = frame["userId"].as_str().unwrap_or_default();
        let up_to = frame["upToSeq"].as_u64().unwrap_or_default();
        let now = match frame["status"].as_str() {
            Some("read") => [up_to, up_to],
            _ => [up_to, 0],
        };
        let key = (chat_id.to_owned(), user.to_owned());
        let told = self.told.entry(key).or_default();
        let [delivered, read] = *told;
        let went_back = if now[1] > 0 {
            up_to < read
        } else {
            up_to < delivered
        };
        *told = [delivered.max(now[0]), read.max(now[1])];
        let known = self.known(chat_id, user);
        *known = [known[0].max(now[0]), known[1].max(now[1])];
        if went_back {
            let what = format!("a status after {delivered}, {read} went back: {frame}");
            self.violations.push(what);
        }
    }

    fn standing(&mut self, chat_id: &str, receipts: &Value) {
        for (user, mark) in receipts.as_object().into_iter().flatten() {
            let seq = |name: &str| mark[name].as_u64().unwrap_or_default();
            let now = [seq("deliveredSeq"), seq("readSeq")];
            let known = self.known(chat_id, user);
            *known = [known[0].max(now[0]), known[1].max(now[1])];
            let key = (chat_id.to_owned(), user.to_owned());
            let before = self.asked.get(&key).copied().unwrap_or_default();
            if now[0] < before[0] || now[1] < before[1] {
                let what = format!("a sync after {before:?} went back for {user}: {mark}");
                self.violations.push(what);
            }
        }
    }

    fn known(&mut self, chat_id: &str, user: &str) -> &mut [u64; 2] {
        let key = (chat_id.to_owned(), user.to_owned());
        self.statuses.entry(key).or_default()
    }

    /// The ack of a send counts as its frame.
    pub fn acked(&mut self, chat_id: &str, frame: &Value) {
        let message = json!({"id": frame["messageId"], "seq": frame["seq"]});
        if frame["duplicate"] == true {
            let chat = self.chats.entry(chat_id.to_owned()).or_default();
            keep(chat, &message, &mut self.violations);
        } else if let Some(rev) = frame["rev"].as_u64() {
            self.apply(chat_id, rev, &message);
        }
    }

    fn apply(&mut self, chat_id: &str, rev: u64, message: &Value) {
        let chat = self.chats.entry(chat_id.to_owned()).or_default();
        if rev <= chat.rev {
            return;
        }
        if rev > chat.rev + 1 {
            self.is_behind = true;
            return;
        }
        chat.rev = rev;
        keep(chat, message, &mut self.violations);
    }

    fn synced(&mut self, chat_id: &str, item: &Value) {
        self.standing(chat_id, &item["receipts"]);
        let chat = self.chats.entry(chat_id.to_owned()).or_default();
        let rev = item["rev"].as_u64().unwrap_or_default();
        if item["reset"] == true && rev >= chat.rev {
            chat.messages.clear();
        }
        for message in item["messages"].as_array().into_iter().flatten() {
            keep(chat, message, &mut self.violations);
        }
        chat.rev = chat.rev.max(rev);
    }

    fn heads(&mut self, frame: &Value) {
        for (chat_id, heads) in frame["chats"].as_object().into_iter().flatten() {
            let known = self.chats.get(chat_id).map_or(0, |chat| chat.rev);
            self.is_behind |= heads["rev"].as_u64().unwrap_or_default() > known;
        }
    }

    /// The newest seq that this device holds of a chat.
    pub fn newest(&self, chat_id: &str) -> u64 {
        let chat = self.chats.get(chat_id);
        chat.and_then(|chat| chat.messages.keys().next_back().copied())
            .unwrap_or_default()
    }
}

/// A seq has one message for good.
fn keep(chat: &mut ChatCopy, message: &Value, violations: &mut Vec<String>) {
    let (Some(seq), Some(id)) = (message["seq"].as_u64(), message["id"].as_str()) else {
        return;
    };
    let before = chat.messages.insert(seq, id.to_owned());
    if let Some(before) = before.filter(|before| before != id) {
        violations.push(format!("seq {seq} was {before} and is {id}"));
    }
}
