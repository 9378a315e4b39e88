//! `POST /media/upload`: a form that is read as it comes. A gateway whose media are kept elsewhere
//! passes the stream on (`tunnel/uploads.rs`).

use std::time::Duration;

use actix_multipart::{Field, Multipart, MultipartError};
use actix_web::http::{StatusCode, header};
use actix_web::{HttpRequest, HttpResponse, web};
use futures_util::StreamExt;
use tokio::time::timeout;

use super::error::{Answer, Problem};
use super::extract::{Caller, IdempotencyKey};
use super::rest::Rest;
use super::tunnel::UploadTunnel;
use crate::actors::media::requests::{Announced, Begun, Declared, Upload, Uploads};
use crate::actors::message::requests::{GetChat, MessagePeers};
use crate::actors::request::ask;
use crate::domain::media::MediaKind;
use crate::domain::media::file_name::clean;
use crate::error::{ErrorCode, Failure};
use crate::id::ChatId;
use crate::wire::media::UploadedView;

/// How long nothing may come.
const SILENCE: Duration = Duration::from_secs(30);
/// Longest field beside the file, in bytes.
const FIELD_BYTES: usize = 128;
/// Most fields that are looked at.
const FIELDS: usize = 8;

/// The form; for the document.
#[derive(utoipa::ToSchema)]
#[expect(dead_code, reason = "describes a form that is read as a stream")]
pub struct UploadForm {
    #[schema(value_type = String, format = Binary)]
    file: Vec<u8>,
    #[schema(rename = "type")]
    r#type: MediaKind,
    /// Where it is to be sent; checked, not kept.
    chat_id: Option<ChatId>,
}

/// Where an upload goes: to this process, or to one that keeps media.
type Way = (Option<web::Data<Uploads>>, Option<web::Data<UploadTunnel>>);

/// Uploads a file, to be named in a message or as a picture.
#[utoipa::path(post, path = "/media/upload", tag = "media",
    request_body(content = UploadForm, content_type = "multipart/form-data"),
    params(("Idempotency-Key" = Option<String>, Header)),
    responses((status = 201, body = UploadedView),
        (status = 200, body = UploadedView, description = "The key was used before"),
        (status = 413), (status = 415), (status = 422), (status = 429)))]
pub async fn upload(
    caller: Caller,
    key: IdempotencyKey,
    request: HttpRequest,
    payload: web::Payload,
    (uploads, tunnel): Way,
    messages: web::Data<MessagePeers>,
) -> Answer<HttpResponse> {
    let rest = Rest::new(payload);
    let Some(uploads) = uploads else {
        let nobody = "no part that keeps media is running, try again";
        let tunnel = tunnel.ok_or_else(|| Failure::unavailable(nobody))?;
        return Ok(tunnel.upload(&request, rest).await?);
    };
    let intake = Intake {
        caller,
        key: key.0,
        uploads: &uploads,
        messages: &messages,
    };
    let taken = timeout(uploads.timeout(), intake.take(&request, &rest)).await;
    let taken = taken.unwrap_or_else(|_| Err(Problem::of_status(StatusCode::REQUEST_TIMEOUT)));
    // Who is still sending reads no answer, and takes a closed connection for a failure of its own.
    rest.drain().await;
    taken
}

struct Intake<'a> {
    caller: Caller,
    key: Option<String>,
    uploads: &'a Uploads,
    messages: &'a MessagePeers,
}

/// What a form has said so far.
#[derive(Default)]
struct Said {
    kind: Option<MediaKind>,
    chat_id: Option<ChatId>,
    has_file: bool,
    file_name: Option<String>,
}

impl Intake<'_> {
    async fn take(&self, request: &HttpRequest, rest: &Rest) -> Answer<HttpResponse> {
        check_type(request)?;
        let length = request.headers().get(header::CONTENT_LENGTH);
        let announced = Announced {
            owner: self.caller.user_id,
            bytes: length.and_then(|length| length.to_str().ok()?.parse().ok()),
            idempotency_key: self.key.clone(),
        };
        let mut upload = match self.uploads.begin(announced).await? {
            Begun::Before(medium) => {
                return Ok(HttpResponse::Ok().json(self.view(*medium)));
            }
            Begun::Upload(upload) => *upload,
        };
        let mut form = Multipart::new(request.headers(), rest.clone());
        let mut said = Said::default();
        let mut fields = 0;
        while let Some(field) = next(&mut form).await? {
            fields += 1;
            if fields > FIELDS {
                return Err(Failure::new(ErrorCode::BadRequest, "too many fields").into());
            }
            self.read(field, &mut said, &mut upload).await?;
        }
        self.finish(upload, said).await
    }

    async fn read(&self, mut field: Field, said: &mut Said, upload: &mut Upload) -> Answer<()> {
        let name = field.name().unwrap_or_default().to_owned();
        match name.as_str() {
            "file" if !said.has_file => {
                said.has_file = true;
                said.file_name = file_name(&field);
                while let Some(piece) = next(&mut field).await? {
                    upload.write(&piece).await?;
                }
            }
            "type" if said.kind.is_none() => {
                let text = text(&mut field, "type").await?;
                let kind = MediaKind::parse(&text).ok_or_else(|| {
                    Failure::invalid("type", "must be image, video, audio or document")
                })?;
                upload.limit(self.uploads.most_bytes(kind));
                said.kind = Some(kind);
            }
            "chat_id" | "chatId" if said.chat_id.is_none() => {
                let text = text(&mut field, "chat_id").await?;
                let id = text.parse();
                let id = id.map_err(|_| Failure::invalid("chat_id", "must be a UUID"))?;
                said.chat_id = Some(id);
            }
            "file" | "type" | "chat_id" | "chatId" => {
                return Err(Failure::invalid(name, "is there twice").into());
            }
            _ => {
                let shown: String = name.chars().take(64).collect();
                return Err(Failure::invalid(shown, "is no field of this request").into());
            }
        }
        Ok(())
    }

    async fn finish(&self, upload: Upload, said: Said) -> Answer<HttpResponse> {
        if !said.has_file {
            return Err(Failure::invalid("file", "is missing").into());
        }
        let kind = said
            .kind
            .ok_or_else(|| Failure::invalid("type", "is missing"))?;
        if let Some(chat_id) = said.chat_id {
            let viewer = self.caller.user_id;
            ask(&self.messages.get_chat, GetChat { viewer, chat_id }).await?;
        }
        let declared = Declared {
            kind,
            file_name: said.file_name,
        };
        let made = self.uploads.finish(upload, declared).await?;
        let mut response = match made.created {
            true => HttpResponse::Created(),
            false => HttpResponse::Ok(),
        };
        Ok(response.json(self.view(made.medium)))
    }

    fn view(&self, medium: crate::domain::media::Medium) -> UploadedView {
        let found = self.uploads.with_addresses(medium);
        UploadedView::new(found.medium, found.url, found.thumbnail_url)
    }
}

fn check_type(request: &HttpRequest) -> Answer<()> {
    let kind = request.headers().get(header::CONTENT_TYPE);
    let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let essence = kind.split(';').next().unwrap_or_default().trim();
    if essence.eq_ignore_ascii_case("multipart/form-data") {
        return Ok(());
    }
    let message = "send the file as multipart/form-data";
    Err(Failure::new(ErrorCode::UnsupportedMedia, message).into())
}

/// The next of a stream; 408 when it is too long in coming, 400 when it is none.
async fn next<T>(
    stream: &mut (impl futures_util::Stream<Item = Result<T, MultipartError>> + Unpin),
) -> Answer<Option<T>> {
    let next = timeout(SILENCE, stream.next()).await;
    let next = next.map_err(|_| Problem::of_status(StatusCode::REQUEST_TIMEOUT))?;
    let next = next.transpose();
    next.map_err(|_| Failure::new(ErrorCode::BadRequest, "the form cannot be read").into())
}

async fn text(field: &mut Field, name: &'static str) -> Answer<String> {
    let mut bytes = Vec::new();
    while let Some(piece) = next(field).await? {
        bytes.extend_from_slice(&piece);
        if bytes.len() > FIELD_BYTES {
            return Err(Failure::invalid(name, "is too long").into());
        }
    }
    let text = String::from_utf8(bytes);
    let text = text.map_err(|_| Failure::invalid(name, "must be text"))?;
    Ok(text.trim().to_owned())
}

fn file_name(field: &Field) -> Option<String> {
    let disposition = field.content_disposition()?;
    let extended = disposition.get_filename_ext().and_then(|name| {
        let text = std::str::from_utf8(&name.value).ok()?;
        clean(text)
    });
    extended.or_else(|| clean(disposition.get_filename()?))
}
