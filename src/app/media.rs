//! Media in this process: where uploads are put together, and what they need from outside.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::StartError;
use super::dependencies::Finding;
use crate::actors::group::Group;
use crate::actors::media::requests::Uploads;
use crate::clock::Clock;
use crate::config::{Backend, Config};
use crate::storage::Stores;
use crate::storage::embedded::blobs::LocalBlobs;

/// Opens the way for uploads, where media are kept. A bucket that cannot be reached is made later.
pub async fn open_uploads(
    config: &Config,
    stores: &Stores,
    clock: Clock,
) -> Result<Option<Uploads>, StartError> {
    if !config.groups.contains(Group::Media) {
        return Ok(None);
    }
    if let Err(error) = stores.blobs.prepare().await {
        tracing::warn!(cause = %error, "files cannot be kept now; everything else goes on");
    }
    let uploads = Uploads::new(stores, clock, &config.media, spool(config));
    uploads.map(Some).map_err(|error| StartError::Setting {
        setting: match config.storage.backend {
            Backend::Embedded => "storage.data_dir",
            Backend::Distributed => "media.spool_dir",
        },
        what: format!("uploads cannot be put together there ({error})"),
        cure: "name a directory that can be written to".into(),
    })
}

/// Where files are put together before they are kept.
pub fn spool(config: &Config) -> PathBuf {
    match config.storage.backend {
        Backend::Embedded => LocalBlobs::spool(&config.storage.data_dir),
        Backend::Distributed => config.media.spool_dir.clone(),
    }
}

/// A line of `troupe doctor`: whether the programs for videos are there.
pub fn examine(config: &Config) -> Option<Finding> {
    if !config.groups.contains(Group::Media) {
        return None;
    }
    let programs = [
        ("media.ffmpeg", &config.media.ffmpeg),
        ("media.ffprobe", &config.media.ffprobe),
    ];
    let missing = programs.iter().find(|(_, program)| !runs(program));
    Some(match missing {
        None => Finding::fine("ffmpeg: videos get a thumbnail and a duration"),
        Some((setting, program)) => Finding::wrong(format_args!(
            "ffmpeg ({setting}): {} does not run, so videos have no thumbnail and no duration; \
             install ffmpeg, or name where it is",
            program.display()
        )),
    })
}

fn runs(program: &Path) -> bool {
    let ran = Command::new(program).arg("-version").output();
    ran.is_ok_and(|ran| ran.status.success())
}
