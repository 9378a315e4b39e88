//! `/users/contacts` and `/users/blocked`.

use actix_web::{HttpResponse, web};
use garde::Validate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Answer;
use super::extract::{Body, Caller, Id, Params};
use super::page::{Page, PageParams};
use super::receipts::Done;
use crate::actors::request::ask;
use crate::actors::user::requests::{
    FoundContact, ListBlocked, ListContacts, Person, SetBlock, SyncContacts, UserPeers,
};
use crate::domain::user::SYNCED_PHONES;
use crate::id::UserId;

const CONTACTS: &str = "contacts";
const BLOCKED: &str = "blocked";

#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SyncContactsBody {
    /// At most 1,000, as the address book writes them.
    #[garde(length(max = SYNCED_PHONES))]
    pub phones: Vec<String>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct SyncedContactsView {
    pub contacts: Vec<SyncedContactView>,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SyncedContactView {
    pub user_id: UserId,
    pub phone: String,
    /// As it was sent.
    pub input: String,
    pub display_name: String,
    pub avatar_url: Option<String>,
}

impl From<FoundContact> for SyncedContactView {
    fn from(found: FoundContact) -> Self {
        let person = PersonView::from(found.person);
        Self {
            user_id: person.user_id,
            phone: found.phone,
            input: found.input,
            display_name: person.display_name,
            avatar_url: person.avatar_url,
        }
    }
}

/// Finds who of an address book is here, and keeps them as contacts.
#[utoipa::path(post, path = "/users/contacts/sync", tag = "contacts",
    request_body = SyncContactsBody,
    responses((status = 200, body = SyncedContactsView), (status = 422), (status = 429)))]
pub async fn sync_contacts(
    caller: Caller,
    body: Body<SyncContactsBody>,
    peers: web::Data<UserPeers>,
) -> Answer<web::Json<SyncedContactsView>> {
    let request = SyncContacts {
        user: caller.user_id,
        phones: body.0.phones,
    };
    let found = ask(&peers.sync_contacts, request).await?;
    let contacts = found.into_iter().map(SyncedContactView::from).collect();
    Ok(web::Json(SyncedContactsView { contacts }))
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PersonView {
    pub user_id: UserId,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    pub display_name: String,
    pub avatar_url: Option<String>,
}

impl From<Person> for PersonView {
    fn from(person: Person) -> Self {
        Self {
            user_id: person.user_id,
            phone: person.phone,
            display_name: person.display_name,
            avatar_url: person.avatar_url,
        }
    }
}

/// The caller's contacts.
#[utoipa::path(get, path = "/users/contacts", tag = "contacts", params(PageParams),
    responses((status = 200, body = Page<PersonView>)))]
pub async fn list_contacts(
    caller: Caller,
    page: Params<PageParams>,
    peers: web::Data<UserPeers>,
) -> Answer<web::Json<Page<PersonView>>> {
    let limit = page.0.limit()?;
    let request = ListContacts {
        user: caller.user_id,
        after: page.0.after(CONTACTS)?,
        limit: limit + 1,
    };
    let people = ask(&peers.list_contacts, request).await?;
    Ok(web::Json(people_page(CONTACTS, people, limit)?))
}

/// Whom the caller blocks.
#[utoipa::path(get, path = "/users/blocked", tag = "contacts", params(PageParams),
    responses((status = 200, body = Page<PersonView>)))]
pub async fn list_blocked(
    caller: Caller,
    page: Params<PageParams>,
    peers: web::Data<UserPeers>,
) -> Answer<web::Json<Page<PersonView>>> {
    let limit = page.0.limit()?;
    let request = ListBlocked {
        user: caller.user_id,
        after: page.0.after(BLOCKED)?,
        limit: limit + 1,
    };
    let people = ask(&peers.list_blocked, request).await?;
    Ok(web::Json(people_page(BLOCKED, people, limit)?))
}

fn people_page(list: &str, people: Vec<Person>, limit: usize) -> Answer<Page<PersonView>> {
    let place = |person: &Person| person.user_id;
    Ok(Page::cut(list, people, limit, place, PersonView::from)?)
}

/// Blocks someone, a contact or not.
#[utoipa::path(put, path = "/users/contacts/{userId}/block", tag = "contacts",
    params(("userId" = UserId, Path)), responses((status = 200, body = Done), (status = 404)))]
pub async fn block(
    caller: Caller,
    id: Id<UserId>,
    peers: web::Data<UserPeers>,
) -> Answer<HttpResponse> {
    set_block(caller, id.0, true, &peers).await?;
    Ok(HttpResponse::Ok().json(Done {}))
}

/// Lifts a block.
#[utoipa::path(delete, path = "/users/contacts/{userId}/block", tag = "contacts",
    params(("userId" = UserId, Path)), responses((status = 204), (status = 404)))]
pub async fn unblock(
    caller: Caller,
    id: Id<UserId>,
    peers: web::Data<UserPeers>,
) -> Answer<HttpResponse> {
    set_block(caller, id.0, false, &peers).await?;
    Ok(HttpResponse::NoContent().finish())
}

async fn set_block(caller: Caller, other: UserId, blocked: bool, peers: &UserPeers) -> Answer<()> {
    let request = SetBlock {
        user: caller.user_id,
        other,
        blocked,
    };
    Ok(ask(&peers.set_block, request).await?)
}
