//! One suite per store trait, written over the traits and run over every backend.

/// Runs each case over every backend, each time on an empty one.
macro_rules! over_every_backend {
    ($($case:ident),* $(,)?) => {
        mod embedded {
            $(
                #[tokio::test]
                async fn $case() {
                    super::$case(&$crate::contract::backend::Embedded::new()).await;
                }
            )*
        }

        mod distributed {
            $(
                #[tokio::test]
                async fn $case() {
                    super::$case(&$crate::contract::distributed::Distributed::new().await).await;
                }
            )*
        }
    };
}

pub mod backend;
mod beginnings;
mod blobs;
mod chats;
mod codes;
mod contacts;
mod devices;
pub mod distributed;
mod effects;
mod erased;
mod erasures;
pub mod events;
mod expiry;
mod exports;
mod facts;
mod idempotency;
pub mod jetstream;
mod jobs;
mod kept;
mod keys;
mod limits;
mod lookups;
mod media;
mod messages;
mod mongo;
mod operators;
mod outbox;
mod owners;
mod pages;
mod postgres;
mod presence;
mod privacy;
mod pushes;
mod reactions;
mod receipts;
mod rotation;
mod search;
mod sessions;
pub mod stage;
mod stars;
mod story;
mod users;
