//! Actors alone, in virtual time.
