//! The rules of the house, checked on the source.

mod deploy;
mod documents;
mod imports;
mod openapi;
mod routes;
mod shapes;
mod source;
