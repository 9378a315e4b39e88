//! What the query strings of lists have in common.

use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::error::Failure;
use crate::wire::page::NO_NUMBER;
pub use crate::wire::page::{Page, limit, read_cursor};

/// What every list takes.
#[derive(Clone, Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PageParams {
    /// 1–200, 50 unless given.
    pub limit: Option<usize>,
    /// The last answer's `nextCursor`.
    pub cursor: Option<String>,
}

impl PageParams {
    pub fn limit(&self) -> Result<usize, Failure> {
        limit(self.limit)
    }

    /// Where the page begins, in the list called `list`; `None` is its beginning.
    pub fn after<T: DeserializeOwned>(&self, list: &str) -> Result<Option<T>, Failure> {
        let text = self.cursor.as_deref();
        text.map(|text| read_cursor(list, "cursor", text))
            .transpose()
    }
}

/// A seq of a query string, below 2^53; else 422 on `name`.
pub fn seq(name: &'static str, asked: Option<u64>) -> Result<Option<u64>, Failure> {
    match asked {
        Some(seq) if seq >= NO_NUMBER => Err(Failure::invalid(name, "must be below 2^53")),
        seq => Ok(seq),
    }
}
