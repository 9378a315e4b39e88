//! The real rules over the real store, as a ChatActor puts them together.

use std::time::Duration;

use troupe::clock::Timestamp;
use troupe::domain::chat::{Role, Roster};
use troupe::domain::chat_rules;
use troupe::domain::message::sight::as_seen_by;
use troupe::domain::message::windows::{may_delete_for_everyone, may_edit, may_react};
use troupe::domain::message::{Message, MessageKind};
use troupe::domain::receipts::ReceiptKind;
use troupe::error::Failure;
use troupe::id::{ChatId, UserId};
use troupe::storage::messages::{Append, Appended, Change, ChatEffect, ChatPatch, Entry, SeqRange};
use troupe::storage::receipts::ReceiptMark;

use super::model::{Model, Outcome};
use super::{Attempt, Emoji, PEOPLE};
use crate::contract::backend::{Backend, Embedded, Opened};
use crate::contract::stage::{START, payload, text};

pub struct RealChat {
    stores: Opened,
    people: Vec<UserId>,
    chat_id: ChatId,
    now: Timestamp,
    _folder: Embedded,
}

impl RealChat {
    pub async fn new() -> Self {
        let folder = Embedded::new();
        let stores = folder.open();
        let mut people = Vec::new();
        for _ in 0..PEOPLE {
            people.push(stores.person().await);
        }
        // Equal standing is decided by id, which is the order they were made in.
        people.sort();
        Self {
            chat_id: stores.group(&people[..3]).await,
            stores,
            people,
            now: START,
            _folder: folder,
        }
    }

    pub async fn attempt(&mut self, attempt: Attempt) -> Outcome {
        if let Attempt::Pass { minutes } = attempt {
            self.now = self.now + Duration::from_secs(60 * minutes.unsigned_abs());
            return Ok(false);
        }
        self.decide(attempt).await.map_err(|failure| failure.code())
    }

    async fn decide(&mut self, attempt: Attempt) -> Result<bool, Failure> {
        let roster = self.roster().await;
        let id = |person: usize| self.people[person];
        match attempt {
            Attempt::Send { who } => {
                chat_rules::may_send(&roster, id(who))?;
                let message = Box::new(self.message(id(who)).await);
                Ok(self.commit(Change::Sent(message)).await)
            }
            Attempt::Edit { who, pick } => {
                let message = self.pick(&roster, id(who), pick).await?;
                may_edit(&message, id(who), self.now)?;
                let (actor, message_id) = (id(who), message.id);
                let payload = payload("edited");
                Ok(self
                    .commit(Change::Edited {
                        actor,
                        message_id,
                        payload,
                    })
                    .await)
            }
            Attempt::Delete { who, pick } => self.delete(&roster, id(who), pick).await,
            Attempt::React { who, pick, emoji } => {
                let message = self.pick(&roster, id(who), pick).await?;
                self.react(&roster, id(who), &message, emoji).await
            }
            Attempt::Add { who, whom } => {
                chat_rules::may_manage(&roster, id(who))?;
                let user_ids = chat_rules::to_be_added(&roster, &[id(whom)])?;
                let effect =
                    (!user_ids.is_empty()).then_some(ChatEffect::MembersAdded { user_ids });
                Ok(self.act(id(who), effect).await)
            }
            Attempt::Remove { who, whom } => self.remove(&roster, id(who), id(whom)).await,
            Attempt::SetRole { who, whom, role } => {
                let user_id = id(whom);
                let changes = chat_rules::role_change(&roster, id(who), user_id, role)?;
                let effect = changes.then_some(ChatEffect::RoleChanged { user_id, role });
                Ok(self.act(id(who), effect).await)
            }
            Attempt::AdminOnly { who, on } => {
                chat_rules::may_manage(&roster, id(who))?;
                let patch = ChatPatch {
                    admin_only: Some(on),
                    ..ChatPatch::default()
                };
                let changes = roster.chat.admin_only != on;
                let effect = changes.then_some(ChatEffect::ChatChanged(patch));
                Ok(self.act(id(who), effect).await)
            }
            Attempt::Mark { who, kind, pick } => self.mark(&roster, id(who), kind, pick).await,
            Attempt::Pass { .. } => Ok(false),
        }
    }

    async fn mark(
        &self,
        roster: &Roster,
        who: UserId,
        kind: ReceiptKind,
        pick: usize,
    ) -> Result<bool, Failure> {
        let message = self.pick(roster, who, pick).await?;
        let mark = ReceiptMark {
            chat_id: self.chat_id,
            user_id: who,
            kind,
            up_to_seq: message.seq,
            at: self.now,
        };
        let moved = self.stores.receipts.advance(vec![mark]).await?;
        Ok(moved[0].before != moved[0].after)
    }

    async fn delete(&self, roster: &Roster, who: UserId, pick: usize) -> Result<bool, Failure> {
        let message = self.pick(roster, who, pick).await?;
        let is_admin = roster.active(who)?.role == Role::Admin;
        may_delete_for_everyone(&message, who, is_admin, self.now)?;
        if message.is_gone(self.now) {
            return Ok(false);
        }
        let (actor, message_id) = (who, message.id);
        Ok(self.commit(Change::Deleted { actor, message_id }).await)
    }

    async fn react(
        &self,
        roster: &Roster,
        actor: UserId,
        message: &Message,
        emoji: Option<Emoji>,
    ) -> Result<bool, Failure> {
        let said = message.reactions.get(&actor).map(String::as_str);
        let said = said.filter(|_| !message.is_gone(self.now));
        if emoji.is_none() && said.is_none() {
            return Ok(false);
        }
        chat_rules::may_touch(roster, actor)?;
        may_react(message, self.now)?;
        if emoji == said {
            return Ok(false);
        }
        let message_id = message.id;
        let emoji = emoji.map(str::to_owned);
        let change = Change::Reacted {
            actor,
            message_id,
            emoji,
        };
        Ok(self.commit(change).await)
    }

    /// What stands on a message, by person.
    fn reactions(&self, message: &Message) -> [Option<String>; PEOPLE] {
        std::array::from_fn(|place| message.reactions.get(&self.people[place]).cloned())
    }

    async fn remove(&self, roster: &Roster, who: UserId, whom: UserId) -> Result<bool, Failure> {
        use troupe::domain::chat_rules::Removal;
        let effect = match chat_rules::removal(roster, who, whom)? {
            Removal::AlreadyGone => None,
            Removal::Goes { new_admin } => Some(ChatEffect::MembersGone {
                user_ids: vec![whom],
                new_admin,
            }),
        };
        Ok(self.act(who, effect).await)
    }

    async fn roster(&self) -> Roster {
        let found = self.stores.chats.find(self.chat_id).await;
        found.expect("read").expect("there")
    }

    /// The message a pick means, as the caller is told of it: not at all, when he may not see it.
    async fn pick(&self, roster: &Roster, who: UserId, pick: usize) -> Result<Message, Failure> {
        let member = roster.active(who)?;
        let heads = self.stores.heads(self.chat_id).await;
        let at = (pick as u64).checked_rem(heads.seq);
        let seq = at.ok_or_else(Failure::not_found)? + 1;
        let range = SeqRange {
            after: Some(seq - 1),
            before: Some(seq + 1),
        };
        let found = self
            .stores
            .messages
            .page(who, self.chat_id, range, 1)
            .await?;
        let message = found.into_iter().next().ok_or_else(Failure::not_found)?;
        as_seen_by(member, message).ok_or_else(Failure::not_found)
    }

    async fn message(&self, sender: UserId) -> Message {
        let heads = self.stores.heads(self.chat_id).await;
        Message {
            created_at: self.now,
            updated_at: self.now,
            ..text(self.chat_id, sender, heads, "said")
        }
    }

    async fn act(&self, actor: UserId, effect: Option<ChatEffect>) -> bool {
        let Some(effect) = effect else {
            return false;
        };
        let message = Box::new(Message {
            kind: MessageKind::System,
            client_message_id: None,
            ..self.message(actor).await
        });
        self.commit(Change::Acted { message, effect }).await
    }

    async fn commit(&self, change: Change) -> bool {
        let entry = Entry {
            rev: self.stores.heads(self.chat_id).await.rev + 1,
            at: self.now,
            change,
        };
        let append = Append {
            chat_id: self.chat_id,
            entries: vec![entry],
        };
        let done = self.stores.messages.append(vec![append]).await;
        assert!(matches!(done[0], Appended::Committed), "{done:?}");
        true
    }

    /// Everything that can be read back is what the model says.
    pub async fn assert_is(&self, model: &Model) {
        let heads = self.stores.heads(self.chat_id).await;
        assert_eq!((heads.seq, heads.rev), (model.said.len() as u64, model.rev));
        let roster = self.roster().await;
        assert_eq!(roster.chat.admin_only, model.admin_only);
        let marks = self.stores.receipts.watermarks(vec![self.chat_id]).await;
        let marks = marks.expect("read");
        for (place, person) in self.people.iter().enumerate() {
            let seat = model.seats[place];
            let member = roster
                .members
                .iter()
                .find(|member| member.user_id == *person);
            assert_eq!(member.is_some(), seat.taken, "{model:#?}");
            let mut readable = Vec::new();
            if let Some(member) = member {
                assert_eq!(member.is_active(), seat.inside, "{model:#?}");
                assert!(
                    !seat.inside || (member.role == Role::Admin) == seat.admin,
                    "{model:#?}"
                );
                let page =
                    self.stores
                        .messages
                        .page(*person, self.chat_id, SeqRange::default(), 200);
                let seen = page.await.expect("read").into_iter();
                readable.extend(seen.filter_map(|message| as_seen_by(member, message)).map(
                    |message| {
                        let there = (!message.is_deleted).then(|| self.reactions(&message));
                        (message.seq, there)
                    },
                ));
            }
            readable.reverse();
            let expected = model.readable(place).into_iter().map(|(seq, reactions)| {
                (
                    seq,
                    reactions.map(|all| all.map(|one| one.map(str::to_owned))),
                )
            });
            assert_eq!(
                readable,
                expected.collect::<Vec<_>>(),
                "person {place} of {model:#?}"
            );
            let mark = marks.iter().find(|(_, mark)| mark.user_id == *person);
            let stands = mark.map_or((0, 0), |(_, mark)| (mark.delivered_seq, mark.read_seq));
            assert_eq!(
                stands,
                (model.delivered[place], model.read[place]),
                "{model:#?}"
            );
        }
    }
}
