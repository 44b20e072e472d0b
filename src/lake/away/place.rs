//! Where a lake lies, as the configuration says it.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// Where a lake lies beside its data folder. Holds no secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Place {
    /// `s3://BUCKET` or `s3://BUCKET/PREFIX`, or the path of a folder.
    pub at: String,
    /// Address of the object store; none for that of Amazon in the region.
    pub endpoint: Option<String>,
    /// Region of the bucket; `us-east-1` where an endpoint is given and this is not.
    pub region: Option<String>,
    /// Name of the key that opens the bucket, instead of `AWS_ACCESS_KEY_ID` in the environment.
    pub access_key_id: Option<String>,
    /// A file with the key's secret, instead of `AWS_SECRET_ACCESS_KEY` in the environment.
    pub secret_key_file: Option<PathBuf>,
    /// Seconds until a request is given up, tries included.
    #[serde(default = "default_give_up")]
    pub give_up_seconds: u32,
}

fn default_give_up() -> u32 {
    60
}

impl Place {
    /// Bucket and prefix of an address that begins with `s3://`; nothing for a folder.
    #[must_use]
    pub fn bucket(&self) -> Option<(&str, &str)> {
        let rest = self.at.strip_prefix("s3://")?;
        let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        Some((bucket, prefix.trim_matches('/')))
    }
}
