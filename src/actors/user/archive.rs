//! What an archive of an account holds, written store by store into one zip file.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

use serde::Serialize;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use crate::actors::jobs::JobError;
use crate::actors::message::requests::{ListChats, ListMessages, MessagePeers};
use crate::actors::request::ask;
use crate::domain::media::BlobKey;
use crate::domain::media::file_name::ending;
use crate::id::{ChatId, UserId};
use crate::storage::Stores;
use crate::storage::blobs::PIECE_BYTES;

/// Things of one page of a store.
const PAGE: usize = 200;

/// What of an account is written, in this order.
pub const PARTS: &[&str] = &["account", "chats", "messages", "media"];

/// An archive that is being written. It runs on the jobs' own thread, so it may write as it goes.
pub struct Archive<'a> {
    zip: ZipWriter<File>,
    stores: &'a Stores,
    message: &'a MessagePeers,
    user: UserId,
    chats: Vec<ChatId>,
}

impl<'a> Archive<'a> {
    pub fn create(
        path: &Path,
        stores: &'a Stores,
        message: &'a MessagePeers,
        user: UserId,
    ) -> io::Result<Self> {
        Ok(Self {
            zip: ZipWriter::new(File::create(path)?),
            stores,
            message,
            user,
            chats: Vec::new(),
        })
    }

    pub async fn write(&mut self, part: &str) -> Result<(), JobError> {
        match part {
            "account" => self.account().await,
            "chats" => self.chats().await,
            "messages" => self.messages().await,
            _ => self.media().await,
        }
    }

    /// All of it is on the disk then.
    pub fn finish(self) -> Result<u64, JobError> {
        let file = self.zip.finish().map_err(other)?;
        file.sync_all().map_err(other)?;
        Ok(file.metadata().map_err(other)?.len())
    }

    async fn account(&mut self) -> Result<(), JobError> {
        let (stores, user) = (self.stores, self.user);
        let profile = stores.users.find(user).await?;
        self.file("profile.json", &profile)?;
        self.file("privacy.json", &stores.privacy.find(user).await?)?;
        let mut contacts = Vec::new();
        loop {
            let after = contacts
                .last()
                .map(|one: &crate::domain::user::User| one.id);
            let page = stores.contacts.list(user, after, PAGE).await?;
            let is_last = page.len() < PAGE;
            contacts.extend(page);
            if is_last {
                break;
            }
        }
        let shown: Vec<_> = contacts
            .iter()
            .map(|one| (one.id, one.phone.as_str(), one.display_name.as_str()))
            .collect();
        self.file("contacts.json", &shown)?;
        let blocked = stores.contacts.list_blocked_ids(user).await?;
        self.file("blocked.json", &blocked)
    }

    async fn chats(&mut self) -> Result<(), JobError> {
        let mut cursor = None;
        self.start("chats.jsonl", CompressionMethod::Deflated)?;
        loop {
            let list = ListChats {
                viewer: self.user,
                cursor,
                limit: PAGE,
            };
            let page = ask(&self.message.list_chats, list).await.map_err(other)?;
            for chat in &page.items {
                self.chats.push(chat.id);
                self.line(chat)?;
            }
            cursor = page.next_cursor;
            if cursor.is_none() {
                return Ok(());
            }
        }
    }

    /// What he can read in each chat, the newest first.
    async fn messages(&mut self) -> Result<(), JobError> {
        for chat_id in self.chats.clone() {
            self.start(
                &format!("messages/{chat_id}.jsonl"),
                CompressionMethod::Deflated,
            )?;
            let mut cursor = None;
            loop {
                let list = ListMessages {
                    viewer: self.user,
                    chat_id,
                    before: None,
                    after: None,
                    cursor,
                    limit: PAGE,
                };
                let asked = ask(&self.message.list_messages, list);
                let page = asked.await.map_err(other)?;
                for message in &page.items {
                    self.line(message)?;
                }
                cursor = page.next_cursor;
                if cursor.is_none() {
                    break;
                }
            }
        }
        Ok(())
    }

    /// The very files he uploaded; older archives are left out.
    async fn media(&mut self) -> Result<(), JobError> {
        let mut after = None;
        loop {
            let page = self.stores.media.list_of(self.user, after, PAGE).await?;
            let Some(last) = page.last() else {
                return Ok(());
            };
            after = Some(last.id);
            for medium in &page {
                if medium.mime_type == super::export::MIME_TYPE {
                    continue;
                }
                let name = medium.file_name.as_deref().and_then(ending);
                let name = name.map_or_else(String::new, |ending| format!(".{ending}"));
                let name = format!("media/{}{name}", medium.id);
                self.start(&name, CompressionMethod::Stored)?;
                let key = BlobKey::original(medium.id);
                let mut at = 0;
                while at < medium.size_bytes {
                    let to = medium.size_bytes.min(at + PIECE_BYTES);
                    let piece = self.stores.blobs.read(key, at..to).await?;
                    if piece.is_empty() {
                        break;
                    }
                    self.zip.write_all(&piece).map_err(other)?;
                    at += piece.len() as u64;
                }
            }
        }
    }

    fn start(&mut self, name: &str, method: CompressionMethod) -> Result<(), JobError> {
        let options = SimpleFileOptions::default()
            .compression_method(method)
            .large_file(true);
        self.zip.start_file(name, options).map_err(other)
    }

    fn file(&mut self, name: &str, content: &impl Serialize) -> Result<(), JobError> {
        self.start(name, CompressionMethod::Deflated)?;
        serde_json::to_writer_pretty(&mut self.zip, content).map_err(other)
    }

    fn line(&mut self, content: &impl Serialize) -> Result<(), JobError> {
        let mut line = serde_json::to_vec(content).map_err(other)?;
        line.push(b'\n');
        self.zip.write_all(&line).map_err(other)
    }
}

fn other(error: impl std::fmt::Display) -> JobError {
    JobError::Other(error.to_string())
}
