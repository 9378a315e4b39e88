//! Changes of a chat as they travel.

use super::proto::{self, Malformed};
use crate::actors::chat::requests::{
    AddMembers, DeleteMessage, EditMessage, ReactToMessage, RemoveMember, SetRole, SetTimer,
    UpdateChat,
};
use crate::domain::chat::Role;
use crate::storage::messages::ChatPatch;

impl From<EditMessage> for proto::Edit {
    fn from(edit: EditMessage) -> Self {
        Self {
            actor: proto::bytes(edit.actor.0),
            message_id: proto::bytes(edit.message_id.0),
            content: edit.content,
        }
    }
}

impl TryFrom<proto::Edit> for EditMessage {
    type Error = Malformed;

    fn try_from(edit: proto::Edit) -> Result<Self, Malformed> {
        Ok(Self {
            actor: proto::id(&edit.actor)?,
            message_id: proto::id(&edit.message_id)?,
            content: edit.content,
        })
    }
}

impl From<DeleteMessage> for proto::Delete {
    fn from(delete: DeleteMessage) -> Self {
        Self {
            actor: proto::bytes(delete.actor.0),
            message_id: proto::bytes(delete.message_id.0),
        }
    }
}

impl TryFrom<proto::Delete> for DeleteMessage {
    type Error = Malformed;

    fn try_from(delete: proto::Delete) -> Result<Self, Malformed> {
        Ok(Self {
            actor: proto::id(&delete.actor)?,
            message_id: proto::id(&delete.message_id)?,
        })
    }
}

impl From<ReactToMessage> for proto::React {
    fn from(react: ReactToMessage) -> Self {
        Self {
            actor: proto::bytes(react.actor.0),
            message_id: proto::bytes(react.message_id.0),
            emoji: react.emoji,
        }
    }
}

impl TryFrom<proto::React> for ReactToMessage {
    type Error = Malformed;

    fn try_from(react: proto::React) -> Result<Self, Malformed> {
        Ok(Self {
            actor: proto::id(&react.actor)?,
            message_id: proto::id(&react.message_id)?,
            emoji: react.emoji,
        })
    }
}

impl From<AddMembers> for proto::AddMembers {
    fn from(add: AddMembers) -> Self {
        Self {
            actor: proto::bytes(add.actor.0),
            user_ids: add.user_ids.iter().map(|id| proto::bytes(id.0)).collect(),
        }
    }
}

impl TryFrom<proto::AddMembers> for AddMembers {
    type Error = Malformed;

    fn try_from(add: proto::AddMembers) -> Result<Self, Malformed> {
        Ok(Self {
            actor: proto::id(&add.actor)?,
            user_ids: proto::ids(&add.user_ids)?,
        })
    }
}

impl From<RemoveMember> for proto::RemoveMember {
    fn from(remove: RemoveMember) -> Self {
        Self {
            actor: proto::bytes(remove.actor.0),
            user: proto::bytes(remove.user.0),
        }
    }
}

impl TryFrom<proto::RemoveMember> for RemoveMember {
    type Error = Malformed;

    fn try_from(remove: proto::RemoveMember) -> Result<Self, Malformed> {
        Ok(Self {
            actor: proto::id(&remove.actor)?,
            user: proto::id(&remove.user)?,
        })
    }
}

impl From<SetRole> for proto::SetRole {
    fn from(set: SetRole) -> Self {
        Self {
            actor: proto::bytes(set.actor.0),
            user: proto::bytes(set.user.0),
            admin: set.role == Role::Admin,
        }
    }
}

impl TryFrom<proto::SetRole> for SetRole {
    type Error = Malformed;

    fn try_from(set: proto::SetRole) -> Result<Self, Malformed> {
        Ok(Self {
            actor: proto::id(&set.actor)?,
            user: proto::id(&set.user)?,
            role: if set.admin { Role::Admin } else { Role::Member },
        })
    }
}

impl From<SetTimer> for proto::SetTimer {
    fn from(set: SetTimer) -> Self {
        Self {
            actor: proto::bytes(set.actor.0),
            seconds: set.seconds,
        }
    }
}

impl TryFrom<proto::SetTimer> for SetTimer {
    type Error = Malformed;

    fn try_from(set: proto::SetTimer) -> Result<Self, Malformed> {
        Ok(Self {
            actor: proto::id(&set.actor)?,
            seconds: set.seconds,
        })
    }
}

impl From<UpdateChat> for proto::UpdateChat {
    fn from(update: UpdateChat) -> Self {
        let patch = update.patch;
        Self {
            actor: proto::bytes(update.actor.0),
            name: patch.name,
            description: patch.description.map(|text| proto::OptionalText { text }),
            avatar_media_id: patch.avatar_media_id.map(|id| proto::OptionalId {
                id: id.map(|id| proto::bytes(id.0)),
            }),
            admin_only: patch.admin_only,
        }
    }
}

impl TryFrom<proto::UpdateChat> for UpdateChat {
    type Error = Malformed;

    fn try_from(update: proto::UpdateChat) -> Result<Self, Malformed> {
        let avatar = update.avatar_media_id.map(|avatar| {
            let id = avatar.id.map(|bytes| proto::id(&bytes));
            id.transpose()
        });
        Ok(Self {
            actor: proto::id(&update.actor)?,
            patch: ChatPatch {
                name: update.name,
                description: update.description.map(|description| description.text),
                avatar_media_id: avatar.transpose()?,
                admin_only: update.admin_only,
            },
        })
    }
}
