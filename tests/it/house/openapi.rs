//! The OpenAPI document says of every answer what it is.

use serde_json::Value;
use troupe::http::docs;

fn responses(document: &Value) -> Vec<(String, &String, &Value)> {
    let paths = document["paths"].as_object().expect("paths");
    paths
        .iter()
        .flat_map(|(path, item)| {
            let operations = item.as_object().expect("operations");
            operations
                .iter()
                .map(move |(method, it)| (format!("{method} {path}"), it))
        })
        .flat_map(|(call, operation)| {
            let responses = operation["responses"].as_object().expect("responses");
            responses
                .iter()
                .map(move |(status, response)| (call.clone(), status, response))
        })
        .collect()
}

#[test]
fn every_answer_is_described() {
    let document = docs::openapi();
    let responses = responses(&document);
    assert!(responses.len() > 100, "{}", responses.len());
    // An answer to HEAD has no body to describe.
    let with_bodies = responses
        .into_iter()
        .filter(|(call, ..)| !call.starts_with("head "));
    for (call, status, response) in with_bodies {
        let description = response["description"].as_str().unwrap_or_default();
        assert!(!description.is_empty(), "{call} {status}");
        let content = response["content"].as_object();
        let has_body = content.is_some_and(|content| !content.is_empty());
        let bodiless = matches!(status.as_str(), "204" | "302" | "304");
        assert_eq!(has_body, !bodiless, "{call} {status}");
        if status.starts_with('4') || status == "default" {
            let problem = &response["content"]["application/problem+json"];
            let schema = &problem["schema"]["$ref"];
            assert_eq!(schema, "#/components/schemas/Problem", "{call} {status}");
        }
    }
}
