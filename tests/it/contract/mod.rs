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
    };
}

pub mod backend;
mod chats;
mod codes;
mod contacts;
mod devices;
mod effects;
mod keys;
mod limits;
mod lookups;
mod messages;
mod outbox;
mod pages;
mod presence;
mod privacy;
mod receipts;
mod rotation;
mod sessions;
pub mod stage;
mod users;
