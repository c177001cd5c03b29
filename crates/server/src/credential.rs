//! The credential of clients: given, or made at the first start and kept as a hash in the data directory.

use std::fmt::Write as _;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::Arc;

use plaudit_http::{Credential, Credentials};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::config::{ServeSettings, no_file};
use crate::error::ServerError;

const FILE: &str = "credential.json";
const KEY_CHARS: usize = 12;

#[derive(Serialize, Deserialize)]
struct Kept {
    key: String,
    secret_sha256: String,
}

/// The credentials that the server accepts, and, when it was made just now, the key and secret to show.
pub fn credentials(
    data_dir: &Path,
    settings: &ServeSettings,
) -> Result<(Credentials, Option<(String, String)>), ServerError> {
    if let Some((key, secret)) = &settings.credential {
        let credential = credential(key, settings);
        return Ok((Credentials::default().with(key, secret, credential), None));
    }
    let path = data_dir.join(FILE);
    if path.exists() {
        let kept = read(&path)?;
        let credential = credential(&kept.0, settings);
        return Ok((Credentials::default().with_secret_hash(&kept.0, kept.1, credential), None));
    }
    let (mut key, secret) = (random(), random());
    key.truncate(KEY_CHARS);
    keep(&path, &key, &secret)?;
    let credential = credential(&key, settings);
    Ok((Credentials::default().with(&key, &secret, credential), Some((key, secret))))
}

fn credential(key: &str, settings: &ServeSettings) -> Credential {
    let authority = serde_json::json!({
        "objectType": "Agent",
        "account": { "homePage": settings.home_page, "name": key },
    });
    Credential { tenant: settings.tenant.clone(), authority: Arc::from(authority.to_string().into_bytes()) }
}

fn read(path: &Path) -> Result<(String, [u8; 32]), ServerError> {
    let text = std::fs::read(path).map_err(|cause| no_file("read", path, cause))?;
    let damaged = || no_file("read", path, std::io::Error::other("it is not a credential"));
    let kept: Kept = serde_json::from_slice(&text).map_err(|_| damaged())?;
    let hash = parse_hex(&kept.secret_sha256).ok_or_else(damaged)?;
    Ok((kept.key, hash))
}

/// Nobody but the owner may read it, and it is there whole or not at all.
fn keep(path: &Path, key: &str, secret: &str) -> Result<(), ServerError> {
    let hash: [u8; 32] = Sha256::digest(secret.as_bytes()).into();
    let kept = Kept { key: key.to_owned(), secret_sha256: hex(&hash) };
    let text = serde_json::to_vec_pretty(&kept).expect("plain data");
    let draft = path.with_extension("draft");
    let write = || {
        let mut options = std::fs::OpenOptions::new();
        let mut file = options.write(true).create(true).truncate(true).mode(0o600).open(&draft)?;
        file.write_all(&text)?;
        file.sync_all()?;
        std::fs::rename(&draft, path)
    };
    write().map_err(|cause| no_file("write", path, cause))
}

/// 122 random bits.
fn random() -> String {
    Uuid::new_v4().simple().to_string()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn parse_hex(text: &str) -> Option<[u8; 32]> {
    let digits = text.as_bytes().chunks_exact(2);
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    digits.map(byte).collect::<Option<Vec<u8>>>()?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::cli::Serve;
    use crate::config::File;

    #[test]
    fn a_credential_is_made_once_and_kept_as_a_hash() {
        let directory = tempfile::tempdir().unwrap();
        let settings = ServeSettings::new(&Serve::default(), &File::default()).unwrap();
        let (_, shown) = credentials(directory.path(), &settings).unwrap();
        let (key, secret) = shown.expect("the first start shows it");
        assert!(credentials(directory.path(), &settings).unwrap().1.is_none(), "the second does not");
        let path = directory.path().join(FILE);
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let kept = read(&path).unwrap();
        assert_eq!(kept, (key, Sha256::digest(secret.as_bytes()).into()));
        assert!(!std::fs::read_to_string(path).unwrap().contains(&secret));
    }
}
