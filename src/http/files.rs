//! `/files/…`: blobs under signed addresses, where the embedded storage keeps them. Elsewhere an S3 server
//! serves them itself.

use std::ops::Range;
use std::sync::Arc;

use actix_web::body::{BoxBody, SizedStream};
use actix_web::http::{StatusCode, header};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder, web};
use futures_util::stream;
use serde::Deserialize;

use super::error::{Answer, Problem};
use super::extract::{Id2, Params};
use crate::clock::{Clock, Timestamp};
use crate::domain::media::file_name::disposition;
use crate::domain::media::{BlobKey, MediaKind, Medium, Part};
use crate::error::{ErrorCode, Failure};
use crate::id::MediaId;
use crate::storage::StoreError;
use crate::storage::blobs::{BlobStore, PIECE_BYTES, Signed};
use crate::storage::media::MediaStore;

/// What a page that a blob may be can do: nothing.
const POLICY: &str = "default-src 'none'; sandbox";

#[derive(Clone, Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct SignedParams {
    /// Seconds since 1970.
    expires: i64,
    signature: String,
}

/// Where blobs are.
type Kept = (web::Data<dyn BlobStore>, web::Data<dyn MediaStore>);

/// A file under an address that an answer gave; 403 when that was altered or is over.
#[utoipa::path(get, path = "/files/{id}/{part}", tag = "media", security(()),
    params(("id" = MediaId, Path), ("part" = String, Path), SignedParams),
    responses((status = 200, description = "The file", body = Vec<u8>, content_type = "application/octet-stream"),
        (status = 206, description = "A range of it", body = Vec<u8>, content_type = "application/octet-stream"),
        (status = 403), (status = 404)))]
pub async fn serve(
    place: Id2<MediaId, Part>,
    params: Option<Params<SignedParams>>,
    request: HttpRequest,
    (blobs, media): Kept,
    clock: web::Data<Clock>,
) -> Answer<HttpResponse> {
    let file = File::find(
        place,
        params,
        (blobs.get_ref(), media.get_ref()),
        clock.now(),
    )
    .await?;
    file.answer(&request, blobs.into_inner())
}

/// The same without the file.
#[utoipa::path(head, path = "/files/{id}/{part}", tag = "media", security(()),
    params(("id" = MediaId, Path), ("part" = String, Path), SignedParams),
    responses((status = 200, description = "There is such a file"),
        (status = 403), (status = 404)))]
pub async fn probe(
    place: Id2<MediaId, Part>,
    params: Option<Params<SignedParams>>,
    request: HttpRequest,
    kept: Kept,
    clock: web::Data<Clock>,
) -> Answer<HttpResponse> {
    serve(place, params, request, kept, clock).await
}

struct File {
    key: BlobKey,
    size: u64,
    mime_type: String,
    disposition: String,
    /// Seconds for which the address is still good.
    left: i64,
}

impl File {
    async fn find(
        Id2(media_id, part): Id2<MediaId, Part>,
        params: Option<Params<SignedParams>>,
        (blobs, media): (&dyn BlobStore, &dyn MediaStore),
        now: Timestamp,
    ) -> Answer<Self> {
        let altered = || Failure::forbidden("this address was altered or is over");
        let key = BlobKey { media_id, part };
        let Params(params) = params.ok_or_else(altered)?;
        let signed = Signed {
            expires: params.expires,
            signature: &params.signature,
        };
        if !blobs.admits(key, signed, now) {
            return Err(altered().into());
        }
        let found = media.find(vec![media_id]).await?;
        let medium = found.into_iter().next().ok_or_else(Failure::not_found)?;
        let size = blobs.find(key).await?.ok_or_else(Failure::not_found)?;
        let (mime_type, disposition) = match part {
            Part::Original => (medium.mime_type.clone(), offered(&medium)),
            Part::Thumbnail => ("image/jpeg".to_owned(), "inline".to_owned()),
        };
        Ok(Self {
            key,
            size,
            mime_type,
            disposition,
            left: params.expires - now.seconds(),
        })
    }

    /// Nothing of a blob ever changes, so its key is its tag.
    fn tag(&self) -> String {
        format!(
            "\"{}-{}\"",
            self.key.media_id.0.simple(),
            self.key.part.as_str()
        )
    }

    fn answer(&self, request: &HttpRequest, blobs: Arc<dyn BlobStore>) -> Answer<HttpResponse> {
        let said = |name| request.headers().get(name)?.to_str().ok();
        let tag = self.tag();
        if said(header::IF_NONE_MATCH).is_some_and(|known| known == "*" || known.contains(&tag)) {
            return Ok(self.head(StatusCode::NOT_MODIFIED).finish());
        }
        let is_same = said(header::IF_RANGE).is_none_or(|known| known == tag);
        let wanted = said(header::RANGE).filter(|_| is_same);
        let (status, range) = match wanted.map(|wanted| parse(wanted, self.size)) {
            None | Some(Wanted::Whole) => (StatusCode::OK, 0..self.size),
            Some(Wanted::Some(range)) => (StatusCode::PARTIAL_CONTENT, range),
            Some(Wanted::Nothing) => return Err(self.beyond()),
        };
        let mut response = self.head(status);
        if status == StatusCode::PARTIAL_CONTENT {
            let told = format!("bytes {}-{}/{}", range.start, range.end - 1, self.size);
            response.insert_header((header::CONTENT_RANGE, told));
        }
        Ok(response.body(pieces(blobs, self.key, range)))
    }

    fn head(&self, status: StatusCode) -> HttpResponseBuilder {
        let mut response = HttpResponse::build(status);
        response
            .insert_header((header::CONTENT_TYPE, self.mime_type.as_str()))
            .insert_header((header::CONTENT_DISPOSITION, self.disposition.as_str()))
            .insert_header((header::CONTENT_SECURITY_POLICY, POLICY))
            .insert_header((header::ACCEPT_RANGES, "bytes"))
            .insert_header((header::ETAG, self.tag()))
            .insert_header((
                header::CACHE_CONTROL,
                format!("private, max-age={}", self.left),
            ));
        response
    }

    fn beyond(&self) -> Problem {
        let message = format!("the file has {} bytes", self.size);
        let failure = Failure::new(ErrorCode::BadRequest, message);
        Problem::with_status(failure, StatusCode::RANGE_NOT_SATISFIABLE)
    }
}

fn offered(medium: &Medium) -> String {
    let kind = match medium.kind {
        MediaKind::Document => "attachment",
        _ => "inline",
    };
    disposition(kind, medium.file_name.as_deref())
}

/// Read as it is taken, a piece at a time.
fn pieces(blobs: Arc<dyn BlobStore>, key: BlobKey, range: Range<u64>) -> BoxBody {
    let count = range.end - range.start;
    let pieces = stream::try_unfold((blobs, range), move |(blobs, left)| async move {
        if left.is_empty() {
            return Ok::<_, StoreError>(None);
        }
        let end = left.end.min(left.start + PIECE_BYTES);
        let piece = blobs.read(key, left.start..end).await?;
        Ok(Some((piece, (blobs, end..left.end))))
    });
    BoxBody::new(SizedStream::new(count, Box::pin(pieces)))
}

#[derive(Debug, PartialEq, Eq)]
enum Wanted {
    Whole,
    Some(Range<u64>),
    Nothing,
}

/// One range; what is no range of bytes, or several, is the whole.
fn parse(header: &str, size: u64) -> Wanted {
    let Some((first, last)) = header
        .strip_prefix("bytes=")
        .and_then(|one| one.split_once('-'))
    else {
        return Wanted::Whole;
    };
    let number = |text: &str| -> Option<u64> { text.trim().parse().ok() };
    let range = match (number(first), number(last)) {
        (Some(first), Some(last)) if first <= last => first..last.saturating_add(1).min(size),
        (Some(first), None) if last.trim().is_empty() => first..size,
        (None, Some(count)) if first.trim().is_empty() => size.saturating_sub(count)..size,
        _ => return Wanted::Whole,
    };
    match range.start < range.end {
        true => Wanted::Some(range),
        false => Wanted::Nothing,
    }
}

#[cfg(test)]
mod tests {
    use super::{Wanted, parse};

    #[test]
    fn ranges_are_read_as_players_write_them() {
        let cases = [
            ("bytes=0-0", Wanted::Some(0..1)),
            ("bytes=2-", Wanted::Some(2..10)),
            ("bytes=-3", Wanted::Some(7..10)),
            ("bytes=-99", Wanted::Some(0..10)),
            ("bytes=5-99", Wanted::Some(5..10)),
            ("bytes=0-18446744073709551615", Wanted::Some(0..10)),
            ("bytes=10-", Wanted::Nothing),
            ("bytes=-0", Wanted::Nothing),
            ("bytes=5-2", Wanted::Whole),
            ("bytes=0-1,4-5", Wanted::Whole),
            ("bytes=x-", Wanted::Whole),
            ("lines=1-2", Wanted::Whole),
        ];
        for (header, expected) in cases {
            assert_eq!(parse(header, 10), expected, "{header}");
        }
    }
}
