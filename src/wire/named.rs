//! Fields of a change that may be left out, and are not the same as `null`.

use serde::{Deserialize, Deserializer};

/// `#[serde(default, deserialize_with = "named")]`: `None` when the field is not named. `null` is a
/// value like any other, so it is refused where `T` has none.
pub fn named<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    T::deserialize(deserializer).map(Some)
}
