//! A bucket of an S3-compatible object store.
//!
//! The rest of the program waits for an answer; each conversation runs to its end on a thread of its
//! own, so that it can also be had from within somebody else's.

use std::collections::BTreeMap;
use std::env;
use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{Read, Write};
use std::time::Duration;

use object_store::aws::{AmazonS3, AmazonS3Builder};
use object_store::path::Path;
use object_store::{
    BackoffConfig, ClientOptions, Error, ObjectStore, ObjectStoreExt, PutMode, PutOptions,
    RetryConfig,
};
use tokio::runtime::{Builder, Runtime};

use super::{PIECE_BYTES, Place, Trouble};

/// Characters of what went wrong that are repeated to people.
const SHOWN: usize = 300;
/// Tries beside the first.
const TRIES: usize = 12;

/// A bucket and a prefix in it.
#[derive(Debug)]
pub(super) struct Bucket {
    store: AmazonS3,
    prefix: String,
    runtime: Runtime,
}

/// One line about what went wrong; an answer's body can be pages of XML.
fn trouble(error: impl std::error::Error) -> Trouble {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let told = error.to_string();
        if !text.contains(&told) {
            let _ = write!(text, ": {told}");
        }
        cause = error.source();
    }
    let words: Vec<&str> = text.split_whitespace().collect();
    let line = words.join(" ");
    let mut shown: String = line.chars().take(SHOWN).collect();
    if shown.len() < line.len() {
        shown.push('…');
    }
    Trouble(shown)
}

fn from_environment(name: &str) -> Result<String, Trouble> {
    env::var(name).ok().filter(|value| !value.is_empty()).ok_or_else(|| {
        Trouble(format!(
            "there is no key to open it with: neither `access_key_id` and `secret_key_file` in `[lake]` nor `{name}` in the environment"
        ))
    })
}

impl Bucket {
    pub(super) fn new(place: &Place, (bucket, prefix): (&str, &str)) -> Result<Self, Trouble> {
        let give_up = Duration::from_secs(place.give_up_seconds.into());
        let mut builder = AmazonS3Builder::new()
            .with_bucket_name(bucket)
            .with_region(place.region.as_deref().unwrap_or("us-east-1"))
            .with_retry(RetryConfig {
                backoff: BackoffConfig {
                    init_backoff: Duration::from_millis(200),
                    max_backoff: Duration::from_secs(10),
                    base: 2.0,
                },
                max_retries: TRIES,
                retry_timeout: give_up,
            });
        let mut options = ClientOptions::new()
            .with_timeout(give_up)
            .with_connect_timeout(give_up.min(Duration::from_secs(10)));
        if let Some(endpoint) = &place.endpoint {
            // The configuration lets no other machine be talked to without https.
            options = options.with_allow_http(endpoint.starts_with("http://"));
            builder = builder.with_endpoint(endpoint);
        }
        builder = match (&place.access_key_id, &place.secret_key_file) {
            (Some(id), Some(file)) => {
                let secret = fs::read_to_string(file)
                    .map_err(|error| Trouble(format!("`{}`: {error}", file.display())))?;
                builder
                    .with_access_key_id(id)
                    .with_secret_access_key(secret.trim())
            }
            (None, None) | (Some(_), None) | (None, Some(_)) => {
                let builder = builder
                    .with_access_key_id(from_environment("AWS_ACCESS_KEY_ID")?)
                    .with_secret_access_key(from_environment("AWS_SECRET_ACCESS_KEY")?);
                match env::var("AWS_SESSION_TOKEN") {
                    Ok(token) if !token.is_empty() => builder.with_token(token),
                    Ok(_) | Err(_) => builder,
                }
            }
        };
        let store = builder.with_client_options(options).build();
        let runtime = Builder::new_current_thread()
            .enable_io()
            .enable_time()
            .build();
        Ok(Self {
            store: store.map_err(trouble)?,
            prefix: prefix.to_owned(),
            runtime: runtime.map_err(trouble)?,
        })
    }

    fn path(&self, name: &str) -> Path {
        if self.prefix.is_empty() {
            Path::from(name)
        } else {
            Path::from(format!("{}/{name}", self.prefix))
        }
    }

    /// Has a conversation to its end.
    fn had<T: Send>(&self, conversation: impl Future<Output = T> + Send) -> T {
        std::thread::scope(|scope| {
            let thread = scope.spawn(|| self.runtime.block_on(conversation));
            thread.join().expect("a conversation does not panic")
        })
    }

    pub(super) fn fetch(&self, name: &str, into: &mut (dyn Write + Send)) -> Result<bool, Trouble> {
        let path = self.path(name);
        self.had(async {
            let size = match self.store.head(&path).await {
                Ok(meta) => meta.size,
                Err(Error::NotFound { .. }) => return Ok(false),
                Err(error) => return Err(trouble(error)),
            };
            let mut at = 0;
            while at < size {
                let end = size.min(at + PIECE_BYTES as u64);
                let piece = self.store.get_range(&path, at..end).await;
                let piece = piece.map_err(trouble)?;
                into.write_all(&piece).map_err(trouble)?;
                at = end;
            }
            Ok(true)
        })
    }

    pub(super) fn create(&self, name: &str, bytes: Vec<u8>) -> Result<bool, Trouble> {
        let path = self.path(name);
        let options = PutOptions::from(PutMode::Create);
        match self.had(self.store.put_opts(&path, bytes.into(), options)) {
            Ok(_) => Ok(true),
            Err(Error::AlreadyExists { .. } | Error::Precondition { .. }) => Ok(false),
            Err(error) => Err(trouble(error)),
        }
    }

    pub(super) fn send(&self, name: &str, file: &mut File, n_bytes: u64) -> Result<(), Trouble> {
        let path = self.path(name);
        if n_bytes <= PIECE_BYTES as u64 {
            let mut bytes = Vec::new();
            file.read_to_end(&mut bytes).map_err(trouble)?;
            let sent = self.had(self.store.put(&path, bytes.into()));
            return sent.map(drop).map_err(trouble);
        }
        self.had(async {
            let mut upload = self.store.put_multipart(&path).await.map_err(trouble)?;
            let sent = async {
                loop {
                    let mut piece = Vec::new();
                    let mut part = (&mut *file).take(PIECE_BYTES as u64);
                    part.read_to_end(&mut piece).map_err(trouble)?;
                    if piece.is_empty() {
                        break;
                    }
                    upload.put_part(piece.into()).await.map_err(trouble)?;
                }
                upload.complete().await.map(drop).map_err(trouble)
            };
            let sent = sent.await;
            if sent.is_err() {
                // Parts of a file that never came whole cost money; a store that is gone keeps them.
                let _ = upload.abort().await;
            }
            sent
        })
    }

    pub(super) fn list(&self, folder: &str) -> Result<BTreeMap<String, u64>, Trouble> {
        let path = self.path(folder);
        let listed = self.had(self.store.list_with_delimiter(Some(&path)));
        let objects = listed.map_err(trouble)?.objects.into_iter();
        let named = objects.filter_map(|object| {
            let name = object.location.filename()?.to_owned();
            Some((name, object.size))
        });
        Ok(named.collect())
    }

    pub(super) fn remove(&self, name: &str) -> Result<(), Trouble> {
        let path = self.path(name);
        match self.had(self.store.delete(&path)) {
            Ok(()) | Err(Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(trouble(error)),
        }
    }
}
