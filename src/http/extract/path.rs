//! Ids in the path; what is no id names nothing, so it is 404.

use std::future::{Ready, ready};
use std::str::FromStr;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};

use crate::error::Failure;
use crate::http::error::Problem;

/// The first id of the path.
#[derive(Clone, Copy, Debug)]
pub struct Id<T>(pub T);

/// The first two ids of the path.
#[derive(Clone, Copy, Debug)]
pub struct Id2<A, B>(pub A, pub B);

impl<T: FromStr> FromRequest for Id<T> {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(segment(request, 0).map(Self))
    }
}

impl<A: FromStr, B: FromStr> FromRequest for Id2<A, B> {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let both = segment(request, 0).and_then(|a| Ok(Self(a, segment(request, 1)?)));
        ready(both)
    }
}

fn segment<T: FromStr>(request: &HttpRequest, index: usize) -> Result<T, Problem> {
    request
        .match_info()
        .iter()
        .nth(index)
        .and_then(|(_, text)| text.parse().ok())
        .ok_or_else(|| Failure::not_found().into())
}
