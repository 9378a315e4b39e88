//! Text that goes into a column of a store.

/// garde: no U+0000, which PostgreSQL cannot hold. Payloads of messages may have it.
pub fn storable(text: &str, _: &()) -> garde::Result {
    match text.contains('\0') {
        true => Err(garde::Error::new("must not hold the character U+0000")),
        false => Ok(()),
    }
}
