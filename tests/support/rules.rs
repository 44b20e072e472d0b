//! Rules of a site's own: a copy of the shipped ones, changed, signed, and the file of those who may sign.

use std::fs;
use std::path::{Path, PathBuf};

use super::acting::copy;
use super::site::{Said, Site, preventio};

/// A folder of rules.
pub(crate) struct Rules {
    pub(crate) folder: PathBuf,
}

impl Rules {
    /// A copy of the shipped rules at a place where nothing is yet.
    pub(crate) fn at(folder: PathBuf) -> Self {
        copy(
            &Path::new(env!("CARGO_MANIFEST_DIR")).join("rules"),
            &folder,
        );
        Self { folder }
    }

    /// Another copy of these.
    pub(crate) fn copied_to(&self, folder: PathBuf) -> Self {
        copy(&self.folder, &folder);
        Self { folder }
    }

    pub(crate) fn name(&self) -> String {
        self.folder.display().to_string()
    }

    /// Changes a rule file: what it says, what it shall say.
    #[track_caller]
    pub(crate) fn says(&self, file: &str, changes: &[(&str, &str)]) {
        let path = self.folder.join(file);
        let mut text = fs::read_to_string(&path).expect("a rule file");
        for (from, to) in changes {
            assert!(text.contains(from), "`{file}` does not say `{from}`");
            text = text.replacen(from, to, 1);
        }
        fs::write(path, text).expect("a rule file can be written");
    }

    /// The programme's file.
    pub(crate) fn programme(&self) -> &'static str {
        "programmes/type-2-diabetes.toml"
    }

    /// In force for a stretch of days.
    #[track_caller]
    pub(crate) fn are_in_force(&self, from: &str, until: &str) {
        let draft = "status = \"draft\"";
        let in_force = "status = \"in-force\"";
        let period = format!("[in_force]\nfrom = {from}\nuntil = {until}\n\n[source]");
        self.says(
            self.programme(),
            &[(draft, in_force), ("[source]", &period)],
        );
    }

    /// Men's waist bands with a slip: ten centimetres higher or lower, and the example that would have told.
    #[track_caller]
    pub(crate) fn have_waists_off_by(&self, centimetres: i32) {
        let (low, high) = (
            (94 + centimetres).to_string(),
            (102 + centimetres).to_string(),
        );
        let example = format!("waist-circumference = \"{high}");
        self.says(
            "scores/findrisc.toml",
            &[
                ("{ below = 94,", &format!("{{ below = {low},")),
                (
                    "{ from = 94, to = 102,",
                    &format!("{{ from = {low}, to = {high},"),
                ),
                ("{ above = 102,", &format!("{{ above = {high},")),
                ("waist-circumference = \"102", &example),
                ("waist-circumference = \"102\"", &format!("{example}\"")),
            ],
        );
    }

    /// The score under its next version.
    #[track_caller]
    pub(crate) fn have_a_new_version_of_the_score(&self) {
        let change = ("version = \"2025.1\"", "version = \"2025.2\"");
        self.says("scores/findrisc.toml", &[change]);
    }

    /// Looks back at the faulty score with these, the corrected rules.
    pub(crate) fn look_back(&self, site: &Site, more: &[&str]) -> Said {
        let corrected = self.name();
        let words = [
            "look-back",
            "--rule",
            "findrisc",
            "--from",
            "2025.1",
            "--corrected",
            &corrected,
        ];
        site.does(&[&words[..], more].concat())
    }

    /// Somebody signs.
    pub(crate) fn signed(&self, key: &Path, signer: &str) -> Said {
        let key = key.display().to_string();
        let rules = self.name();
        let words = [
            "rules", "sign", "--key", &key, "--signer", signer, "--rules", &rules,
        ];
        preventio(&words)
    }
}

/// A private key at a place, and its public half as PEM.
#[track_caller]
pub(crate) fn key(place: &Path) -> String {
    let out = place.display().to_string();
    preventio(&["rules", "keygen", "--out", &out]).ends_well()
}

/// An entry of the file of signers.
pub(crate) fn signer(name: &str, public: &str, from: &str, until: &str) -> String {
    format!(
        "[[signer]]\nname = \"{name}\"\npublic_key = \"\"\"\n{public}\"\"\"\nfrom = {from}\nuntil = {until}\n"
    )
}
