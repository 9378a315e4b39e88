//! Frames about a chat: who gets which, encoded once for all.

use std::sync::Arc;

use serde_json::value::RawValue;

use super::scope::ChatScope;
use crate::actors::fanout::{Delivery, FanOut, SocketRef};
use crate::domain::message::Message;
use crate::id::{ConnectionId, UserId};
use crate::storage::messages::{ChatEffect, Heads};
use crate::wire::chat::ChatView;
use crate::wire::frame::{Event, Frame};
use crate::wire::message::MessageView;

/// Deliveries in the order in which they must leave.
pub type Outgoing = Vec<(Option<SocketRef>, Delivery)>;

impl ChatScope {
    pub async fn view(&self, message: &Message) -> MessageView {
        let mut view = MessageView::new(message, self.services.clock.now());
        self.services.stores.described.show_in([&mut view]).await;
        view
    }

    /// The chat without what is personal.
    pub fn chat_view(&self) -> ChatView {
        let chat = &self.roster().chat;
        let participants = u32::try_from(self.cast.active.len()).unwrap_or(u32::MAX);
        let described = &self.services.stores.described;
        let (seq, rev) = (self.heads.seq, self.heads.rev);
        ChatView::shared(chat, seq, rev, participants, |id| described.picture(id))
            .with_details(chat)
    }

    /// `message.new` to everyone in the chat but the connection that sent it.
    pub fn new_message(
        &self,
        Heads { seq, rev }: Heads,
        encoded: &RawValue,
        except: Option<ConnectionId>,
    ) -> Delivery {
        let frame = Event::MessageNew {
            chat_id: self.chat_id,
            seq,
            rev,
            message: encoded,
        }
        .frame();
        self.to_active(frame, except)
    }

    /// A frame about the whole chat that has the newest rev.
    pub fn to_all(&self, frame: Frame) -> Outgoing {
        vec![(None, self.to_active(frame, None))]
    }

    fn to_active(&self, frame: Frame, except: Option<ConnectionId>) -> Delivery {
        Delivery::FanOut(FanOut {
            frame,
            to: Arc::clone(&self.cast.active),
            except,
            status: None,
        })
    }

    /// A change of the message with `seq`: those who may see it get `frame`, those who joined
    /// later only learn the new rev (D8).
    pub fn changed_message(&self, frame: Frame, seq: u64, rev: u64) -> Outgoing {
        let (seeing, later): (Vec<UserId>, Vec<UserId>) = self
            .cast
            .active
            .iter()
            .copied()
            .partition(|user| self.roster().active(*user).is_ok_and(|m| m.sees(seq)));
        let rev_only = Event::ChatRev {
            chat_id: self.chat_id,
            rev,
        };
        [(frame, seeing), (rev_only.frame(), later)]
            .into_iter()
            .filter(|(_, to)| !to.is_empty())
            .map(|(frame, to)| {
                let fan_out = FanOut {
                    frame,
                    to: to.into(),
                    except: None,
                    status: None,
                };
                (None, Delivery::FanOut(fan_out))
            })
            .collect()
    }
}

impl ChatScope {
    /// The one frame that tells of a system message and what it did.
    pub fn announce_effect(
        &self,
        message: &Message,
        effect: &ChatEffect,
        to: Vec<UserId>,
    ) -> Outgoing {
        // System messages show no media.
        let view = MessageView::new(message, self.services.clock.now());
        let chat = self.chat_view();
        let (chat_id, seq, rev) = (self.chat_id, message.seq, message.rev);
        let (message, chat) = (&view, &chat);
        let event = match effect {
            ChatEffect::MembersAdded { user_ids } => Event::MemberAdded {
                chat_id,
                seq,
                rev,
                message,
                chat,
                user_ids,
                added_by: view.sender_id,
            },
            ChatEffect::MembersGone { user_ids, .. } => Event::MemberRemoved {
                chat_id,
                seq,
                rev,
                message,
                chat,
                user_ids,
            },
            _ => Event::ChatUpdated {
                chat_id,
                seq,
                rev,
                message,
                chat,
            },
        };
        let fan_out = FanOut {
            frame: event.frame(),
            to: to.into(),
            except: None,
            status: None,
        };
        vec![(None, Delivery::FanOut(fan_out))]
    }
}
