//! One address of a listener: its methods, and who may call them.

use actix_web::body::BoxBody;
use actix_web::dev::{ServiceFactory, ServiceRequest, ServiceResponse};
use actix_web::http::header;
use actix_web::middleware::{Next, from_fn};
use actix_web::{Error, HttpResponse, Resource, web};

use super::panics::caught;
use super::signed_in::signed_in;

/// Who may call a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    Anyone,
    /// Who sends a good access token.
    SignedIn,
}

/// A resource whose handlers may panic, and which tells the methods it has.
///
/// `methods` are lower case, as in the table of routes.
pub fn resource(
    path: &str,
    methods: &[&str],
    access: Access,
) -> Resource<
    impl ServiceFactory<
        ServiceRequest,
        Config = (),
        Response = ServiceResponse<BoxBody>,
        Error = Error,
        InitError = (),
    > + 'static,
> {
    let allowed = methods.join(", ").to_ascii_uppercase();
    let known = allowed.clone();
    web::resource(path)
        .default_service(web::to(move || {
            let answer = HttpResponse::MethodNotAllowed()
                .insert_header((header::ALLOW, allowed.clone()))
                .finish();
            async move { answer }
        }))
        .wrap(from_fn(
            move |request: ServiceRequest, next: Next<BoxBody>| {
                let has_method = known
                    .split(", ")
                    .any(|one| one == request.method().as_str());
                async move {
                    // A method that is not there is no secret: 405, whoever asks.
                    match access {
                        Access::SignedIn if has_method => signed_in(request, next).await,
                        _ => next.call(request).await,
                    }
                }
            },
        ))
        .wrap(from_fn(caught))
}
