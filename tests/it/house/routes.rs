//! Every route is tested and described; every error code is used.

use troupe::error::ErrorCode;
use troupe::http::admin::ADMIN;
use troupe::http::docs;
use troupe::http::routes::{API, OPEN, OPERATIONS, SOCKETS, WATCHED};

use super::source::{SourceFile, files};

/// Every route beside the API, whichever process serves it.
fn beside() -> impl Iterator<Item = &'static (&'static str, &'static str)> {
    WATCHED.iter().chain(SOCKETS).chain(OPERATIONS)
}

/// Pages and the socket are no REST calls.
fn is_page(path: &str) -> bool {
    matches!(path, "/" | "/ws") || path.starts_with("/docs") || path.starts_with("/demo")
}

/// Segments, with `{}` for those that vary; a query is no part of them.
fn segments(path: &str) -> Vec<&str> {
    let path = path.split('?').next().unwrap_or(path);
    let parts = path.split('/').skip(1);
    parts
        .map(|part| if part.contains('{') { "{}" } else { part })
        .collect()
}

/// Every text in quotes that looks like a path.
fn paths(file: &SourceFile) -> impl Iterator<Item = &str> {
    let texts = file.text.split('"').skip(1).step_by(2);
    texts.filter(|text| text.starts_with('/'))
}

#[test]
fn every_route_is_walked_by_a_test() {
    let tests: Vec<SourceFile> = ["flows", "security", "support", "faults"]
        .iter()
        .flat_map(|folder| files(&format!("tests/it/{folder}"), ".rs"))
        .collect();
    let walked: Vec<Vec<&str>> = tests.iter().flat_map(paths).map(segments).collect();
    let missing: Vec<_> = API
        .iter()
        .chain(OPEN)
        .chain(beside())
        .chain(ADMIN)
        .map(|(_, path)| *path)
        // Every socket of a test is opened there, below an origin.
        .filter(|path| *path != "/ws")
        .filter(|path| {
            // One test walks the devices under both of their paths.
            let path = path.replace("/notifications/devices", "/users/devices");
            let wanted = segments(&path);
            !walked.iter().any(|walked| {
                walked.len() == wanted.len()
                    && walked
                        .iter()
                        .zip(&wanted)
                        .all(|(walked, wanted)| *wanted == "{}" || walked == wanted)
            })
        })
        .collect();
    assert!(missing.is_empty(), "no test calls {missing:#?}");
}

#[test]
fn every_route_is_described() {
    let document = docs::openapi();
    let paths = document["paths"].as_object().expect("paths");
    let api = API
        .iter()
        .chain(OPEN)
        .map(|(method, path)| (*method, format!("/api/v1{path}")));
    let beside = beside().map(|(method, path)| (*method, (*path).to_owned()));
    let missing: Vec<_> = api
        .chain(beside)
        .filter(|(_, path)| !is_page(path))
        .filter(|(method, path)| {
            !paths.iter().any(|(described, item)| {
                segments(described) == segments(path) && item.get(*method).is_some()
            })
        })
        .collect();
    assert!(missing.is_empty(), "OpenAPI lacks {missing:#?}");
}

#[test]
fn nothing_is_described_that_is_not_there() {
    let document = docs::openapi();
    let paths = document["paths"].as_object().expect("paths");
    let routes: Vec<Vec<&str>> = API
        .iter()
        .chain(OPEN)
        .chain(beside())
        .map(|(_, path)| segments(path))
        .collect();
    let invented: Vec<_> = paths
        .keys()
        .filter(|path| {
            let path = path.strip_prefix("/api/v1").unwrap_or(path);
            !routes.contains(&segments(path))
        })
        .collect();
    assert!(invented.is_empty(), "no route for {invented:#?}");
}

#[test]
fn operations_have_names_of_their_own() {
    let document = docs::openapi();
    let paths = document["paths"].as_object().expect("paths");
    let items = paths.values().filter_map(|item| item.as_object());
    let mut names: Vec<&str> = items
        .flat_map(|item| item.values())
        .filter_map(|operation| operation["operationId"].as_str())
        .collect();
    let all = names.len();
    names.sort_unstable();
    names.dedup();
    assert!(all > 30, "{names:?}");
    assert_eq!(names.len(), all, "two operations share a name: {names:?}");
}

#[test]
fn every_reference_in_the_document_leads_somewhere() {
    let document = docs::openapi();
    let text = document.to_string();
    let references = text.split("\"$ref\":\"#").skip(1);
    for reference in references {
        let pointer = reference.split('"').next().unwrap_or_default();
        assert!(
            document.pointer(pointer).is_some(),
            "{pointer} is not there"
        );
    }
}

#[test]
fn every_error_code_is_used() {
    use ErrorCode as Code;
    let codes = [
        (Code::BadRequest, "BadRequest"),
        (Code::Unauthenticated, "Failure::unauthenticated("),
        (Code::Forbidden, "Failure::forbidden("),
        (Code::NotFound, "Failure::not_found("),
        (Code::Conflict, "Failure::conflict("),
        (Code::TooLarge, "ErrorCode::TooLarge"),
        (Code::UnsupportedMedia, "ErrorCode::UnsupportedMedia"),
        (Code::Invalid, "Failure::invalid("),
        (Code::UpgradeRequired, "ErrorCode::UpgradeRequired"),
        (Code::RateLimited, "Failure::rate_limited("),
        (Code::Internal, "Failure::internal("),
        (Code::Unavailable, "Failure::unavailable("),
        (Code::Timeout, "ErrorCode::Timeout"),
        (Code::OutcomeUnknown, "ErrorCode::OutcomeUnknown"),
    ];
    let source = files("src", ".rs");
    for (code, made_by) in codes {
        let used = source
            .iter()
            .filter(|file| file.path != "src/error.rs")
            .any(|file| file.code().contains(made_by));
        assert!(used, "nothing answers {}", code.as_str());
    }
}
