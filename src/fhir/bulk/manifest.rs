//! The manifest of an export: which files there are, and how they may be had.
//!
//! HL7 FHIR Bulk Data Access, "Response - Complete Status": STU1 to STU3 list `error` files, STU4
//! calls them `outcome`; `link` with `next` continues a long manifest (STU3). Left out:
//! `outputOrganizedBy` is read like any output, since each line says itself what it is.

use reqwest::Url;
use serde::{Deserialize, Serialize};

use super::super::http::usable;

/// What a file of an export holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FileKind {
    /// Resources.
    Output,
    /// Bundles that say what was deleted.
    Deleted,
    /// `OperationOutcome`s about the export.
    Outcome,
}

/// A file that came whole, or as whole as it comes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Got {
    /// Its name in the folder of its kind.
    pub name: String,
    /// Its lines, blank ones not counted.
    pub lines: u64,
    /// Its bytes; none where it came packed.
    #[serde(default)]
    pub size: Option<u64>,
    /// How many of its lines are `OperationOutcome`s that speak of something that went wrong.
    #[serde(default)]
    pub errors: u64,
}

/// A file of an export.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListedFile {
    /// Where it is.
    pub url: String,
    /// What it holds.
    pub kind: FileKind,
    /// The resource type in it, as the manifest says.
    pub resource_type: String,
    /// How many resources the manifest promises.
    pub count: Option<u64>,
    /// How many bytes the manifest promises.
    #[serde(default)]
    pub size: Option<u64>,
    /// What came, once it did.
    pub got: Option<Got>,
}

impl ListedFile {
    /// Whether what came is less or more than the manifest promised.
    #[must_use]
    pub fn differs(&self) -> bool {
        self.got
            .as_ref()
            .is_some_and(|got| self.promises_other_than(got))
    }

    pub(super) fn promises_other_than(&self, got: &Got) -> bool {
        let has_other_size = match (self.size, got.size) {
            (Some(promised), Some(size)) => promised != size,
            (None, _) | (_, None) => false,
        };
        has_other_size || self.count.is_some_and(|count| count != got.lines)
    }
}

/// What there is to fetch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// The server's clock when the export was taken: nothing later is in it.
    pub transaction_time: String,
    /// Whether files are given to holders of a token only.
    pub requires_token: bool,
    /// The files, of all pages.
    pub files: Vec<ListedFile>,
}

/// One page of a manifest.
pub struct Page {
    /// What it lists.
    pub manifest: Manifest,
    /// Where the next page is; `None` for the last.
    pub next: Option<String>,
}

/// Why an answer is no manifest that can be followed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotFollowed {
    /// It is something else.
    NoManifest,
    /// A file's address is no address, or is neither https nor on this machine.
    Address(String),
}

impl Page {
    /// Reads a page.
    ///
    /// # Errors
    ///
    /// When it is no manifest, or names a place that is not to be followed.
    pub fn read(body: &[u8]) -> Result<Self, NotFollowed> {
        let wire: WireManifest =
            serde_json::from_slice(body).map_err(|_| NotFollowed::NoManifest)?;
        let lists = [
            (FileKind::Output, wire.output),
            (FileKind::Deleted, wire.deleted.unwrap_or_default()),
            (FileKind::Outcome, wire.error.unwrap_or_default()),
            (FileKind::Outcome, wire.outcome.unwrap_or_default()),
        ];
        let mut files = Vec::new();
        for (kind, list) in lists {
            for file in list {
                if usable(&file.url).is_none() {
                    return Err(NotFollowed::Address(origin(&file.url)));
                }
                files.push(ListedFile {
                    url: file.url,
                    kind,
                    resource_type: file.kind.unwrap_or_default(),
                    count: file.count,
                    size: file.file_size,
                    got: None,
                });
            }
        }
        let next = wire
            .link
            .unwrap_or_default()
            .into_iter()
            .find(|link| link.relation == "next");
        Ok(Self {
            manifest: Manifest {
                transaction_time: wire.transaction_time,
                requires_token: wire.requires_access_token.is_set(),
                files,
            },
            next: next.map(|link| link.url),
        })
    }
}

/// The origin of an address, for messages: the rest of it may be a capability.
pub(super) fn origin(url: &str) -> String {
    let known = Url::parse(url).ok().filter(Url::has_host);
    known.map_or_else(
        || "an address without a host".to_owned(),
        |url| url.origin().ascii_serialization(),
    )
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireManifest {
    transaction_time: String,
    requires_access_token: WireFlag,
    output: Vec<WireFile>,
    deleted: Option<Vec<WireFile>>,
    error: Option<Vec<WireFile>>,
    outcome: Option<Vec<WireFile>>,
    link: Option<Vec<WireLink>>,
}

/// Servers have been seen to write it as text.
#[derive(Deserialize)]
#[serde(untagged)]
enum WireFlag {
    Flag(bool),
    Text(WireFlagText),
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum WireFlagText {
    True,
    False,
}

impl WireFlag {
    const fn is_set(&self) -> bool {
        matches!(self, Self::Flag(true) | Self::Text(WireFlagText::True))
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireFile {
    #[serde(rename = "type")]
    kind: Option<String>,
    url: String,
    count: Option<u64>,
    file_size: Option<u64>,
}

#[derive(Deserialize)]
struct WireLink {
    relation: String,
    url: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flag_as_text_and_lists_that_are_null_are_read_too() {
        for (flag, is_set) in [
            ("true", true),
            ("\"true\"", true),
            ("false", false),
            ("\"false\"", false),
        ] {
            let text = format!(
                r#"{{ "transactionTime": "t", "requiresAccessToken": {flag}, "output": [],
                    "error": null, "deleted": null, "link": null }}"#
            );
            let page = Page::read(text.as_bytes()).expect("a manifest");
            assert_eq!(page.manifest.requires_token, is_set, "{flag}");
        }
        let odd = br#"{ "transactionTime": "t", "requiresAccessToken": "perhaps", "output": [] }"#;
        assert!(Page::read(odd).is_err());
    }

    #[test]
    fn old_and_new_manifests_are_read() {
        let text = br#"{ "transactionTime": "2026-01-15T10:00:00Z", "request": "x", "requiresAccessToken": true,
            "output": [{ "type": "Patient", "url": "https://a.example.org/1", "count": 3 }],
            "deleted": [{ "type": "Bundle", "url": "https://a.example.org/2" }],
            "error": [{ "type": "OperationOutcome", "url": "https://a.example.org/3" }],
            "outcome": [{ "url": "https://a.example.org/4" }],
            "link": [{ "relation": "next", "url": "https://a.example.org/page/2" }],
            "extension": [{ "url": "x" }] }"#;
        let page = Page::read(text).expect("a manifest");
        assert_eq!(page.next.as_deref(), Some("https://a.example.org/page/2"));
        assert!(page.manifest.requires_token);
        let kinds: Vec<_> = page.manifest.files.iter().map(|file| file.kind).collect();
        use FileKind::{Deleted, Outcome, Output};
        assert_eq!(kinds, [Output, Deleted, Outcome, Outcome]);
    }

    #[test]
    fn what_is_no_manifest_or_cannot_be_fetched_is_refused() {
        let of = |url: &str| {
            format!(
                r#"{{"transactionTime":"t","requiresAccessToken":false,"extension":{{}},"output":[{{"type":"Patient","url":"{url}"}}]}}"#
            )
        };
        assert!(Page::read(of("http://127.0.0.1:9/a").as_bytes()).is_ok());
        for (body, why) in [
            ("<html>".to_owned(), NotFollowed::NoManifest),
            ("{}".to_owned(), NotFollowed::NoManifest),
            (
                of("/relative"),
                NotFollowed::Address("an address without a host".to_owned()),
            ),
            (
                of("http://files.example.org/secret"),
                NotFollowed::Address("http://files.example.org".to_owned()),
            ),
        ] {
            assert_eq!(Page::read(body.as_bytes()).err(), Some(why), "{body}");
        }
    }
}
