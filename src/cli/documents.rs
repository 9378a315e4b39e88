//! `troupe openapi` and `troupe asyncapi`.

use std::process::ExitCode;

use super::output;
use crate::http::docs;

pub fn openapi() -> ExitCode {
    print(&docs::openapi())
}

pub fn asyncapi() -> ExitCode {
    print(&docs::asyncapi())
}

fn print(document: &serde_json::Value) -> ExitCode {
    match serde_json::to_string_pretty(document) {
        Ok(text) => output::say(text),
        Err(error) => output::failed(error),
    }
}
