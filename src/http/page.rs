//! Lists: `{"items":[…],"nextCursor":"…"|null}`, `limit` 1–200, 50 unless it is given.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::cursor;
use crate::error::Failure;

const LIMIT: usize = 50;
const LIMIT_MOST: usize = 200;

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
        text.map(|text| cursor::decode(list, text)).transpose()
    }
}

/// A `limit` as it was sent, checked.
pub fn limit(limit: Option<usize>) -> Result<usize, Failure> {
    match limit.unwrap_or(LIMIT) {
        limit if (1..=LIMIT_MOST).contains(&limit) => Ok(limit),
        _ => Err(Failure::invalid("limit", "must be from 1 to 200")),
    }
}

/// One page of a list.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Page<T: utoipa::ToSchema> {
    pub items: Vec<T>,
    /// `null` on the last page.
    pub next_cursor: Option<String>,
}

impl<T: utoipa::ToSchema> Page<T> {
    /// A page out of up to `limit + 1` rows: the one too many says that there is more. `place` is
    /// what the next page begins after.
    pub fn cut<R, P: Serialize>(
        list: &str,
        mut rows: Vec<R>,
        limit: usize,
        place: impl Fn(&R) -> P,
        view: impl FnMut(R) -> T,
    ) -> Result<Self, Failure> {
        let has_more = rows.len() > limit;
        rows.truncate(limit);
        let last = rows.last().filter(|_| has_more);
        let next_cursor = last
            .map(|row| cursor::encode(list, &place(row)))
            .transpose()?;
        Ok(Self {
            items: rows.into_iter().map(view).collect(),
            next_cursor,
        })
    }
}
