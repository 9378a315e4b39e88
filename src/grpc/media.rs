//! `MediaService`.

use tonic::{Request, Response, Status};

use super::fields::{id, time};
use super::proto::media_service_server::MediaService;
use super::proto::{DescribeMediaRequest, DescribeMediaResponse, GetMediaRequest, Media};
use crate::actors::media::requests::{DescribeMedia, FoundMedium, GetMedium, MediaPeers};
use crate::actors::request::ask;
use crate::error::Failure;
use crate::wire::origin;

/// Media of one call.
const MOST: usize = 200;

pub struct MediaAdapter {
    pub media: MediaPeers,
}

#[tonic::async_trait]
impl MediaService for MediaAdapter {
    async fn get_media(
        &self,
        request: Request<GetMediaRequest>,
    ) -> Result<Response<Media>, Status> {
        let asked = request.into_inner();
        let request = GetMedium {
            viewer: id("viewer_id", &asked.viewer_id)?,
            id: id("media_id", &asked.media_id)?,
        };
        let found = ask(&self.media.get_medium, request).await?;
        Ok(Response::new(found.into()))
    }

    async fn describe_media(
        &self,
        request: Request<DescribeMediaRequest>,
    ) -> Result<Response<DescribeMediaResponse>, Status> {
        let asked = request.into_inner().media_ids;
        if asked.len() > MOST {
            let message = format!("names at most {MOST}");
            return Err(Failure::invalid("media_ids", message).into());
        }
        let ids = asked.iter().map(|text| id("media_ids", text));
        let request = DescribeMedia {
            ids: ids.collect::<Result<_, Failure>>()?,
        };
        let found = ask(&self.media.describe_media, request).await?;
        Ok(Response::new(DescribeMediaResponse {
            media: found.into_iter().map(Media::from).collect(),
        }))
    }
}

impl From<FoundMedium> for Media {
    fn from(found: FoundMedium) -> Self {
        let medium = found.medium;
        Self {
            id: medium.id.to_string(),
            owner_id: medium.owner_id.to_string(),
            r#type: medium.kind.as_str().to_owned(),
            mime_type: medium.mime_type,
            size_bytes: medium.size_bytes,
            file_name: medium.file_name,
            width: medium.width,
            height: medium.height,
            duration_ms: medium.duration_ms,
            url: origin::plain(&found.url).into_owned(),
            thumbnail_url: found
                .thumbnail_url
                .map(|url| origin::plain(&url).into_owned()),
            created_at: time(medium.created_at),
            expires_at: time(found.expires_at),
        }
    }
}
