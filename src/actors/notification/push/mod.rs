//! How pushes leave: into the log and an inbox for development, or to FCM.

pub mod account;
mod fcm;
pub mod pace;
pub mod refusal;
pub mod token;

use std::sync::Arc;
use std::time::Duration;

pub use self::account::UnusableAccount;
pub use self::fcm::Fcm;
use crate::clock::Clock;
use crate::config::{NotificationConfig, PushSenderKind};
use crate::domain::notification::Push;
use crate::storage::devices::Device;
use crate::storage::pushes::{KeptPush, PushStore};

/// What became of a push to one device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sent {
    Done,
    /// The token is no more.
    Gone,
    /// It is never taken, and says nothing about the token.
    Refused,
    /// Not now.
    Later(Duration),
}

/// Sends pushes the way the settings say.
pub enum Sender {
    Log {
        pushes: Arc<dyn PushStore>,
        clock: Clock,
    },
    Fcm(Box<Fcm>),
}

impl Sender {
    /// `None`: nothing is pushed.
    pub fn new(
        config: &NotificationConfig,
        pushes: Arc<dyn PushStore>,
        clock: Clock,
    ) -> Result<Option<Self>, UnusableAccount> {
        Ok(match config.sender {
            PushSenderKind::Off => None,
            PushSenderKind::Log => Some(Self::Log { pushes, clock }),
            PushSenderKind::Fcm => Some(Self::Fcm(Box::new(Fcm::new(&config.fcm, clock)?))),
        })
    }

    pub async fn send(&self, device: &Device, push: &Push) -> Sent {
        match self {
            Self::Fcm(fcm) => fcm.send(device, push).await,
            Self::Log { pushes, clock } => {
                let data = push.data();
                tracing::info!(user.id = %device.user_id, device.id = %device.id, ?data, "push");
                let kept = KeptPush {
                    place: 0,
                    user_id: device.user_id,
                    device_id: device.id,
                    platform: device.platform,
                    data,
                    at: clock.now(),
                };
                if let Err(error) = pushes.keep(kept).await {
                    tracing::warn!(cause = %error, "a push is not in the inbox");
                }
                Sent::Done
            }
        }
    }
}

/// The beginning of an answer; of one that breaks off, what came.
async fn read_body(mut answer: reqwest::Response, most: usize) -> Vec<u8> {
    let mut body = Vec::new();
    while let Ok(Some(piece)) = answer.chunk().await {
        body.extend_from_slice(&piece);
        if body.len() >= most {
            break;
        }
    }
    body.truncate(most);
    body
}
