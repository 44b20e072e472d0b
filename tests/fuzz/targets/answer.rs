//! Any bytes as what a server sends: a manifest, a `Retry-After`, files of outcomes and deletions.

#![no_main]

use std::fs;
use std::path::PathBuf;
use std::sync::OnceLock;

use jiff::Timestamp;
use libfuzzer_sys::fuzz_target;
use preventiojyraa::fhir::{Page, Told, deletions, retry_after, told};

fuzz_target!(|data: &[u8]| {
    if let Ok(page) = Page::read(data) {
        for file in &page.manifest.files {
            let is_fit = file
                .url
                .trim_start()
                .to_ascii_lowercase()
                .starts_with("http");
            assert!(is_fit, "an address that is not to be followed");
        }
    }
    if let Ok(text) = std::str::from_utf8(data) {
        let _ = retry_after(text, Timestamp::UNIX_EPOCH);
    }
    let file = file();
    fs::write(file, data).expect("a temporary file can be written");
    let mut said = Told::default();
    told(file, &mut said).expect("the file is there");
    assert!(said.errors <= said.outcomes, "more errors than outcomes");
    let mut deleted = Vec::new();
    deletions(file, &mut deleted).expect("the file is there");
    assert!(
        deleted.iter().all(|deletion| !deletion.id.is_empty()),
        "nothing was deleted"
    );
});

/// A file of this process.
fn file() -> &'static PathBuf {
    static FILE: OnceLock<PathBuf> = OnceLock::new();
    FILE.get_or_init(|| {
        let name = format!("preventio-fuzz-{}.ndjson", std::process::id());
        std::env::temp_dir().join(name)
    })
}
