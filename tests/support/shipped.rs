//! The shipped rule book, and the day that tests are on.

use std::fs;
use std::path::Path;
use std::sync::OnceLock;

use jiff::civil::{Date, date};
use preventiojyraa_core::rulebook::{RuleFile, Rulebook};

/// The index date of every test that does not choose its own.
pub(crate) const TODAY: Date = date(2025, 6, 15);

/// The shipped rule files, read from the repository's `rules/`, sorted by path.
pub(crate) fn rule_files() -> Vec<RuleFile> {
    let root = Path::new(crate::ROOT).join("rules");
    let mut files = Vec::new();
    collect(&root, &root, &mut files);
    files.sort_by(|a, b| a.path.cmp(&b.path));
    files
}

fn collect(root: &Path, folder: &Path, files: &mut Vec<RuleFile>) {
    for entry in fs::read_dir(folder).expect("the rules folder is readable") {
        let path = entry.expect("a folder entry is readable").path();
        if path.is_dir() {
            collect(root, &path, files);
        } else if path
            .extension()
            .is_some_and(|extension| extension == "toml")
        {
            let relative = path.strip_prefix(root).expect("found below the root");
            files.push(RuleFile {
                path: relative
                    .to_str()
                    .expect("rule paths are UTF-8")
                    .replace('\\', "/"),
                text: fs::read_to_string(&path).expect("a rule file is readable"),
            });
        }
    }
}

/// The shipped rule book.
pub(crate) fn rulebook() -> &'static Rulebook {
    static SHIPPED: OnceLock<Rulebook> = OnceLock::new();
    SHIPPED.get_or_init(|| Rulebook::load(&rule_files()).expect("the shipped rules load"))
}
