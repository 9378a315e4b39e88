//! To an OTLP collector, as protobuf over HTTP.

use std::time::Duration;

use bytes::Bytes;
use opentelemetry_http::{HttpClient, HttpError};
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::trace::{SpanData, SpanExporter as _};

use super::Source;

/// How long one batch may take.
const PATIENCE: Duration = Duration::from_secs(5);

pub struct Otlp {
    endpoint: String,
    source: Source,
    /// Made with the first batch, on the thread that sends.
    exporter: Option<SpanExporter>,
}

impl Otlp {
    pub fn new(endpoint: &str, source: Source) -> Self {
        Self {
            endpoint: endpoint.to_owned(),
            source,
            exporter: None,
        }
    }

    pub async fn export(&mut self, batch: Vec<SpanData>) -> Result<(), String> {
        let exporter = match self.exporter.take() {
            Some(exporter) => exporter,
            None => self.build()?,
        };
        let exporter = self.exporter.insert(exporter);
        let sent = exporter.export(batch).await;
        sent.map_err(|error| error.to_string())
    }

    fn build(&self) -> Result<SpanExporter, String> {
        let http = reqwest::Client::builder().timeout(PATIENCE).build();
        let mut exporter = SpanExporter::builder()
            .with_http()
            .with_http_client(Http(http.map_err(|error| error.to_string())?))
            .with_protocol(Protocol::HttpBinary)
            .with_endpoint(self.endpoint.clone())
            .with_timeout(PATIENCE)
            .build()
            .map_err(|error| error.to_string())?;
        exporter.set_resource(&self.source.resource());
        Ok(exporter)
    }
}

/// The client that the rest of the program uses too.
#[derive(Debug)]
struct Http(reqwest::Client);

#[async_trait::async_trait]
impl HttpClient for Http {
    async fn send_bytes(
        &self,
        request: http::Request<Bytes>,
    ) -> Result<http::Response<Bytes>, HttpError> {
        let answer = self.0.execute(request.try_into()?).await?;
        let mut response = http::Response::builder().status(answer.status());
        if let Some(headers) = response.headers_mut() {
            headers.extend(answer.headers().clone());
        }
        Ok(response.body(answer.bytes().await?)?)
    }
}
