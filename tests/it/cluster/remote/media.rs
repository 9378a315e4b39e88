//! Requests to the media group and parts of its replies, with every field that may be there.

use troupe::actors::media::requests::{
    Claim, ClaimMedia, DescribeMedia, FoundMedium, GetMedium, ReleaseMedia, RemoveMedium,
};
use troupe::domain::media::{MediaKind, Medium};

use super::samples::{id, text, time};

pub fn get_medium() -> GetMedium {
    GetMedium {
        viewer: id(),
        id: id(),
    }
}

pub fn describe_media() -> DescribeMedia {
    DescribeMedia { ids: vec![id()] }
}

pub fn remove_medium() -> RemoveMedium {
    RemoveMedium {
        user: id(),
        id: id(),
    }
}

pub fn claim_media() -> ClaimMedia {
    ClaimMedia {
        claims: vec![Claim {
            user: id(),
            id: id(),
            kind: MediaKind::Video,
            must_own: true,
        }],
    }
}

pub fn release_media() -> ReleaseMedia {
    ReleaseMedia { ids: vec![id()] }
}

pub fn found() -> FoundMedium {
    FoundMedium {
        medium: Medium {
            id: id(),
            owner_id: id(),
            kind: MediaKind::Document,
            mime_type: "application/pdf".to_owned(),
            size_bytes: 1 << 40,
            file_name: text("größe \"1\".pdf"),
            width: None,
            height: Some(3),
            duration_ms: Some(7),
            has_thumbnail: true,
            created_at: time(),
        },
        url: "http://a/b?c=d&e=f".to_owned(),
        thumbnail_url: text("http://a"),
        expires_at: time(),
    }
}
