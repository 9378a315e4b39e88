//! What a hostile client would try.
