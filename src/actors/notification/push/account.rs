//! The service account that may send: Google's JSON key, read once.

use std::path::Path;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use biscuit::jws::Secret;
use ring::signature::RsaKeyPair;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

/// As Google writes it; what else the file holds is not needed.
#[derive(Deserialize)]
struct KeyFile {
    #[serde(rename = "type")]
    kind: String,
    project_id: String,
    private_key_id: Option<String>,
    private_key: SecretString,
    client_email: String,
    token_uri: String,
}

/// Who sends, and what signs for him.
pub struct ServiceAccount {
    pub project_id: String,
    pub client_email: String,
    pub key_id: Option<String>,
    pub token_url: String,
    pub signer: Secret,
}

/// Why a file cannot be used; nothing of its content is in it.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct UnusableAccount(String);

impl ServiceAccount {
    /// Reads the file; `token_url`, unless it is empty, stands before the file's own.
    pub fn read(path: &Path, token_url: &str) -> Result<Self, UnusableAccount> {
        let shown = path.display();
        let text = std::fs::read_to_string(path)
            .map_err(|error| UnusableAccount(format!("{shown} cannot be read: {error}")))?;
        let wrong = |what: &str| UnusableAccount(format!("{shown} {what}"));
        // The parser's own words may quote the key.
        let file: KeyFile = serde_json::from_str(&text)
            .map_err(|_| wrong("is no key of a service account as Google gives it out"))?;
        if file.kind != "service_account" {
            return Err(wrong("is a key of something else than a service account"));
        }
        let signer = signer(&file.private_key).ok_or_else(|| wrong("has no usable private_key"))?;
        Ok(Self {
            project_id: file.project_id,
            client_email: file.client_email,
            key_id: file.private_key_id,
            token_url: match token_url {
                "" => file.token_uri,
                other => other.to_owned(),
            },
            signer,
        })
    }
}

/// Out of PKCS#8 in PEM.
fn signer(pem: &SecretString) -> Option<Secret> {
    let body = pem.expose_secret();
    let body = body.split_once("-----BEGIN PRIVATE KEY-----")?.1;
    let body = body.split_once("-----END PRIVATE KEY-----")?.0;
    let body: String = body.chars().filter(|c| !c.is_whitespace()).collect();
    let der = STANDARD.decode(body).ok()?;
    let pair = RsaKeyPair::from_pkcs8(&der).ok()?;
    Some(Secret::RsaKeyPair(Arc::new(pair)))
}
