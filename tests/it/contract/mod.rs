//! One suite per store trait, run over every backend.
