//! Requests about a whole account.

use troupe::actors::user::requests as user;

use super::samples::id;

pub fn delete_me() -> user::DeleteMe {
    user::DeleteMe { user: id() }
}

pub fn export_me() -> user::ExportMe {
    user::ExportMe { user: id() }
}

pub fn find_export() -> user::FindExport {
    user::FindExport { user: id() }
}

pub fn find_erasure() -> user::FindErasure {
    user::FindErasure { user: id() }
}

pub fn list_erasures() -> user::ListErasures {
    user::ListErasures { limit: 7 }
}
