//! People as lists show them: by name, and with their picture where they let it be seen.

use std::collections::HashMap;

use super::{StoreResult, Stores};
use crate::domain::privacy::visible;
use crate::id::{MediaId, UserId};
use crate::wire::user::Face;

impl Stores {
    /// These people as the viewer may see them; who does not exist is left out. One reading, and
    /// another where any of them has a picture.
    pub async fn faces(
        &self,
        viewer: UserId,
        user_ids: Vec<UserId>,
    ) -> StoreResult<HashMap<UserId, Face>> {
        if user_ids.is_empty() {
            return Ok(HashMap::new());
        }
        let users = self.users.find_many(user_ids).await?;
        let pictures: HashMap<UserId, MediaId> = users
            .iter()
            .filter_map(|user| Some((user.id, user.avatar_media_id?)))
            .collect();
        let mut faces: HashMap<UserId, Face> = users
            .into_iter()
            .map(|user| {
                let face = Face {
                    display_name: user.display_name,
                    avatar_url: None,
                };
                (user.id, face)
            })
            .collect();
        if pictures.is_empty() {
            return Ok(faces);
        }
        let owners = pictures.keys().copied().collect();
        for relation in &self.contacts.relations(viewer, owners).await? {
            let owner = relation.owner;
            if let (true, Some(face)) = (visible(viewer, relation).avatar, faces.get_mut(&owner)) {
                let picture = pictures.get(&owner);
                face.avatar_url = picture.map(|id| self.described.picture(*id));
            }
        }
        Ok(faces)
    }
}
