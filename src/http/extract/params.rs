//! Query strings.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use serde::de::DeserializeOwned;

use super::shape;
use crate::error::Failure;
use crate::http::error::Problem;

/// The parameters of the query string; 422 names the one that is wrong.
#[derive(Clone, Debug)]
pub struct Params<T>(pub T);

impl<T: DeserializeOwned> FromRequest for Params<T> {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(
            parse(request.query_string())
                .map(Self)
                .map_err(Problem::from),
        )
    }
}

fn parse<T: DeserializeOwned>(query: &str) -> Result<T, Failure> {
    let pairs = form_urlencoded::parse(query.as_bytes());
    let reader = serde_urlencoded::Deserializer::new(pairs);
    serde_path_to_error::deserialize(reader).map_err(|error| {
        let path = error.path().to_string();
        let message = error.into_inner().to_string();
        // Parsers of numbers and ids say what they met, not what they wanted.
        if message.contains("invalid digit") || message.contains("number too") {
            return Failure::invalid(path, "must be a whole number");
        }
        shape::refused(&path, &message)
    })
}
