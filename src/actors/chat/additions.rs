//! Whom someone may bring into a group, asked in one query for all of them.

use std::collections::HashMap;

use crate::domain::chat_rules;
use crate::domain::user::Relation;
use crate::error::{ErrorCode, Failure};
use crate::id::UserId;
use crate::storage::Stores;

/// `field` is where the ids came in, for the answer. Someone who does not exist: 404; someone who
/// does not let this actor add him: 403, all of them named and no one added.
pub async fn check_additions(
    stores: &Stores,
    actor: UserId,
    user_ids: &[UserId],
    field: &'static str,
) -> Result<(), Failure> {
    let relations = stores.contacts.relations(actor, user_ids.to_vec()).await?;
    let known: HashMap<UserId, Relation> = relations
        .into_iter()
        .map(|relation| (relation.owner, relation))
        .collect();
    let mut unknown = Failure::not_found();
    let mut refused = Failure::new(ErrorCode::Forbidden, "someone cannot be added by you");
    for user_id in user_ids {
        match known.get(user_id) {
            None => unknown = unknown.with_field(field, format!("{user_id} is nobody")),
            Some(relation) if !chat_rules::may_be_added(actor, relation) => {
                let message = format!("{user_id} cannot be added by you");
                refused = refused.with_field(field, message);
            }
            Some(_) => {}
        }
    }
    [unknown, refused]
        .into_iter()
        .find(|failure| !failure.fields().is_empty())
        .map_or(Ok(()), Err)
}
