//! Making a chat: once per pair of people, once per `Idempotency-Key`, told to everyone in it.

use super::additions::check_additions;
use super::group::Desk;
use super::requests::{ChatMade, CreateChat};
use crate::actors::fanout::FanOut;
use crate::actors::request::Answer;
use crate::clock::Timestamp;
use crate::domain::chat::{Chat, ChatKind, GROUP_MEMBERS, Member, Role};
use crate::error::Failure;
use crate::id::{ChatId, UserId};
use crate::storage::chats::{ExistingChat, NewChat};
use crate::wire::chat::{ChatView, PersonalChatView};
use crate::wire::frame::Event;

impl Desk {
    pub(super) async fn create_chat(&self, ask: CreateChat) -> Answer<ChatMade> {
        check_size(&ask)?;
        // What exists is answered before anything is refused: the same two people always get the
        // same chat, and a repeat gets the first answer.
        let existing = ExistingChat {
            creator: ask.creator,
            peer: ask
                .others
                .first()
                .copied()
                .filter(|_| ask.kind == ChatKind::Direct),
            idempotency_key: ask.idempotency_key.clone(),
            at: self.clock.now(),
        };
        if let Some(chat_id) = self.stores.chats.find_existing(existing).await? {
            return Ok(ChatMade {
                chat_id,
                created: false,
            });
        }
        self.check_people(&ask).await?;
        if let Some(id) = ask.avatar_media_id.filter(|_| ask.kind == ChatKind::Group) {
            self.media.claim_picture(ask.creator, id).await?;
        }
        let new = new_chat(ask, self.clock.now());
        let (chat, members) = (new.chat.clone(), new.members.clone());
        let inserted = self.stores.chats.insert(new).await?;
        if inserted.created
            && let Err(failure) = self.announce(&chat, &members).await
        {
            // It is made all the same; heads and sync tell of it.
            tracing::warn!(chat.id = %chat.id, cause = %failure, "chat.created was not sent");
        }
        Ok(ChatMade {
            chat_id: inserted.chat_id,
            created: inserted.created,
        })
    }

    async fn check_people(&self, ask: &CreateChat) -> Answer<()> {
        if ask.kind == ChatKind::Group {
            let stores = &self.stores;
            return check_additions(stores, ask.creator, &ask.others, "participantIds").await;
        }
        let contacts = &self.stores.contacts;
        let relations = contacts.relations(ask.creator, ask.others.clone()).await?;
        match relations.first() {
            None => Err(Failure::not_found().with_field("userId", "is nobody")),
            Some(relation) if relation.owner_blocks => {
                let failure = Failure::forbidden("you cannot start a chat with this person");
                Err(failure.with_field("userId", "cannot be reached by you"))
            }
            Some(_) => Ok(()),
        }
    }

    /// `chat.created`, made for each participant who is there to get it.
    async fn announce(&self, chat: &Chat, members: &[Member]) -> Answer<()> {
        let now = self.clock.now();
        for member in members
            .iter()
            .filter(|member| self.fanout.is_online(member.user_id))
        {
            let view = self.view_for(chat, members, member, now).await?;
            let event = Event::ChatCreated {
                chat_id: chat.id,
                rev: 1,
                chat: &view,
            };
            self.fanout.fan_out(FanOut {
                frame: event.frame(),
                to: [member.user_id].into(),
                except: None,
                status: None,
            });
        }
        Ok(())
    }

    /// The chat as one of its members sees it: a direct one by the other's name and picture.
    async fn view_for(
        &self,
        chat: &Chat,
        members: &[Member],
        member: &Member,
        now: Timestamp,
    ) -> Answer<ChatView> {
        let count = u32::try_from(members.len()).unwrap_or(u32::MAX);
        let picture = |id| self.stores.described.picture(id);
        let mut view = ChatView::shared(chat, 0, 1, count, picture).with_details(chat);
        let peer = (chat.kind == ChatKind::Direct)
            .then(|| members.iter().find(|other| other.user_id != member.user_id))
            .flatten()
            .map(|other| other.user_id);
        if let Some(peer) = peer {
            let mut faces = self.stores.faces(member.user_id, vec![peer]).await?;
            view = view.of_peer(faces.remove(&peer));
        }
        view.personal = Some(PersonalChatView::fresh(member, peer, now));
        Ok(view)
    }
}

fn check_size(ask: &CreateChat) -> Answer<()> {
    if ask.kind == ChatKind::Direct {
        return match ask.others.as_slice() {
            [peer] if *peer != ask.creator => Ok(()),
            [_] => Err(Failure::invalid("userId", "is yourself")),
            _ => Err(Failure::invalid("userId", "is required")),
        };
    }
    if !(2..=GROUP_MEMBERS).contains(&(ask.others.len() + 1)) {
        let message = format!("a group has 2 to {GROUP_MEMBERS} members with you");
        return Err(Failure::invalid("participantIds", message));
    }
    Ok(())
}

fn new_chat(ask: CreateChat, now: Timestamp) -> NewChat {
    let group = ask.kind == ChatKind::Group;
    let member = |user_id: UserId, role: Role| Member {
        user_id,
        role,
        join_seq: 1,
        join_rev: 1,
        left: None,
        joined_at: now,
        muted: None,
        is_pinned: false,
        read_receipts: true,
    };
    let first = if group { Role::Admin } else { Role::Member };
    let members = std::iter::once(member(ask.creator, first))
        .chain(
            ask.others
                .into_iter()
                .map(|user| member(user, Role::Member)),
        )
        .collect();
    let chat = Chat {
        id: ChatId::new(),
        kind: ask.kind,
        name: ask.name.filter(|_| group),
        description: ask.description.filter(|_| group),
        avatar_media_id: ask.avatar_media_id.filter(|_| group),
        created_by: ask.creator,
        admin_only: group && ask.admin_only,
        auto_delete_timer: None,
        created_at: now,
        updated_at: now,
    };
    NewChat {
        chat,
        members,
        idempotency_key: ask.idempotency_key,
    }
}
