//! `MessageService`.

use tonic::{Request, Response, Status};

use super::fields::{id, optional_id, time};
use super::payload;
use super::proto::message_service_server::MessageService;
use super::proto::{
    GetMessageRequest, ListMessagesRequest, ListMessagesResponse, Message, SendMessageRequest,
    SendMessageResponse,
};
use crate::actors::chat::requests::{ChatCommand, SendAnswer, SendMessage};
use crate::actors::message::requests::{GetMessage, ListMessages, MessagePeers};
use crate::actors::placement::ChatDoor;
use crate::actors::request::{ReplyTo, ask};
use crate::domain::message::{CLIENT_ID_CHARS, draft};
use crate::error::Failure;
use crate::id::{ChatId, MessageId};
use crate::wire::message::{MessageView, SentView};
use crate::wire::page;

pub struct MessageAdapter {
    pub message: MessagePeers,
    pub door: ChatDoor,
}

#[tonic::async_trait]
impl MessageService for MessageAdapter {
    async fn send_message(
        &self,
        request: Request<SendMessageRequest>,
    ) -> Result<Response<SendMessageResponse>, Status> {
        let (chat_id, send) = read_send(request.into_inner())?;
        let sent: SentView = self.door.ask(chat_id, send).await?;
        Ok(Response::new(SendMessageResponse {
            duplicate: sent.duplicate,
            message: Some(sent.message.into()),
        }))
    }

    async fn get_message(
        &self,
        request: Request<GetMessageRequest>,
    ) -> Result<Response<Message>, Status> {
        let asked = request.into_inner();
        let request = GetMessage {
            viewer: id("viewer_id", &asked.viewer_id)?,
            message_id: id("message_id", &asked.message_id)?,
        };
        let view = ask(&self.message.get_message, request).await?;
        Ok(Response::new(view.into()))
    }

    async fn list_messages(
        &self,
        request: Request<ListMessagesRequest>,
    ) -> Result<Response<ListMessagesResponse>, Status> {
        let asked = request.into_inner();
        let limit = (asked.limit != 0).then_some(asked.limit as usize);
        let request = ListMessages {
            viewer: id("viewer_id", &asked.viewer_id)?,
            chat_id: id("chat_id", &asked.chat_id)?,
            before: seq("before", asked.before)?,
            after: seq("after", asked.after)?,
            cursor: asked.cursor,
            limit: page::limit(limit)?,
        };
        let page = ask(&self.message.list_messages, request).await?;
        Ok(Response::new(ListMessagesResponse {
            messages: page.items.into_iter().map(Message::from).collect(),
            next_cursor: page.next_cursor,
        }))
    }
}

fn seq(field: &'static str, asked: Option<u64>) -> Result<Option<u64>, Failure> {
    match asked {
        Some(seq) if seq >= page::NO_NUMBER => Err(Failure::invalid(field, "must be below 2^53")),
        seq => Ok(seq),
    }
}

/// The chat, and the command for its owner.
fn read_send(
    asked: SendMessageRequest,
) -> Result<(ChatId, impl FnOnce(ReplyTo<SentView>) -> ChatCommand), Failure> {
    let chat_id = id("chat_id", &asked.chat_id)?;
    let sender = id("sender_id", &asked.sender_id)?;
    let reply_to = optional_id::<MessageId>("reply_to_id", asked.reply_to_id.as_deref())?;
    let payload = asked.payload.map(payload::read).transpose()?;
    let draft = draft::parse(&asked.r#type, None, payload.as_deref(), reply_to)?;
    let is_named = asked.client_message_id.is_some();
    let client_message_id = match asked.client_message_id {
        Some(id) if (1..=CLIENT_ID_CHARS).contains(&id.chars().count()) => id,
        Some(_) => {
            let message = format!("must have 1 to {CLIENT_ID_CHARS} characters");
            return Err(Failure::invalid("client_message_id", message));
        }
        None => MessageId::new().to_string(),
    };
    Ok((chat_id, move |reply| {
        ChatCommand::Send(SendMessage {
            sender,
            client_message_id,
            is_named,
            draft,
            forwarded: false,
            reply: SendAnswer::caller(reply),
        })
    }))
}

impl From<MessageView> for Message {
    fn from(view: MessageView) -> Self {
        Self {
            id: view.id.to_string(),
            chat_id: view.chat_id.to_string(),
            seq: view.seq,
            rev: view.rev,
            sender_id: view.sender_id.to_string(),
            client_message_id: view.client_message_id,
            r#type: view.kind.as_str().to_owned(),
            payload: Some(payload::written(&view.payload)),
            reply_to_id: view.reply_to_id.map(|id| id.to_string()),
            forwarded: view.forwarded,
            reactions: view
                .reactions
                .into_iter()
                .map(|(user, emoji)| (user.to_string(), emoji))
                .collect(),
            is_deleted: view.is_deleted,
            edited_at: view.edited_at.and_then(time),
            expires_at: view.expires_at.and_then(time),
            created_at: time(view.created_at),
            updated_at: time(view.updated_at),
        }
    }
}
