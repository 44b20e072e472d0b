//! Files of every version of the lake stay readable, and what is no version is refused by name.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use preventiojyraa::lake::{ManifestFile, Store, Table};
use preventiojyraa::profile::ResidentId;
use sha2::{Digest, Sha256};

use crate::support::shipped::rulebook;
use crate::support::site::{TempFolder, words_of};

fn versions() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/lake");
    let folders = fs::read_dir(folder).expect("a folder of fixtures");
    let mut folders: Vec<_> = folders
        .map(|entry| entry.expect("an entry").path())
        .collect();
    folders.sort();
    folders
}

/// A lake whose one generation has these files.
struct Lake {
    store: Store,
    files: Vec<ManifestFile>,
    _folder: TempFolder,
}

impl Lake {
    fn of(files: &[(Table, Vec<u8>, u64)]) -> Self {
        let folder = TempFolder::new();
        let place = folder.join("lake");
        let store = Store::open(&place).expect("a lake");
        let files = files.iter().map(|(table, bytes, rows)| {
            let digest = Sha256::digest(bytes);
            let sha256: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
            let staged = place.join("_staging").join(format!("{sha256}.parquet"));
            fs::write(staged, bytes).expect("a file can be staged");
            ManifestFile {
                table: *table,
                sha256,
                bytes: bytes.len() as u64,
                rows: *rows,
            }
        });
        let files: Vec<_> = files.collect();
        store.publish(1, &files).expect("published");
        Self {
            store,
            files,
            _folder: folder,
        }
    }

    /// Rewritten in the newest version.
    fn compacted(mut self) -> Self {
        let compacted = self.store.stage_compacted(&self.files, 1_000_000);
        let compacted = compacted.expect("compacted");
        self.files.retain(|file| !compacted.replaced.contains(file));
        self.files
            .extend(compacted.staged.into_iter().map(|staged| staged.file));
        self.store.publish(2, &self.files).expect("published");
        self
    }

    /// Every value that is read, by table.
    fn read(&self) -> BTreeMap<&'static str, Vec<String>> {
        let mut facts = Vec::new();
        let mut streams = self
            .store
            .facts(&rulebook().catalogue, None)
            .expect("facts");
        while let Some(resident) = streams.next_resident().expect("readable") {
            let mut of_resident = Vec::new();
            streams
                .take_until(resident, &mut of_resident)
                .expect("readable");
            facts.extend(
                of_resident
                    .iter()
                    .map(|fact| format!("{resident} {fact:?}")),
            );
        }
        facts.sort();
        let register = self.store.register_versions(None).expect("a register");
        let register = register.iter().map(|row| {
            format!(
                "{} {} {:?} {:?} {:?} {:?}",
                row.resident, row.source, row.version, row.register, row.district, row.language
            )
        });
        let issues = self.store.issues(None).expect("issues");
        let issues = issues.iter().map(|row| {
            format!(
                "{} {} {} {} {:?} {} {} {} {:?}",
                row.pull,
                row.file,
                row.line,
                row.code.name(),
                row.resident,
                row.at,
                row.saw,
                row.expected,
                row.hint
            )
        });
        let mut decisions = Vec::new();
        let decided = self.store.decisions(None, |run, row| {
            decisions.push(format!("{run} {}", words_of(&row)))
        });
        decided.expect("decisions");
        BTreeMap::from([
            ("facts", facts),
            ("register", register.collect()),
            ("issues", issues.collect()),
            ("decisions", decisions),
        ])
    }
}

/// The rows of the fixtures: all versions tell of the same pull and the same run.
const ROWS: [(Table, u64); 4] = [
    (Table::Facts, 251),
    (Table::Register, 30),
    (Table::Issues, 1),
    (Table::Decisions, 30),
];

fn lake_of(folder: &Path) -> Lake {
    let file = |(table, rows): (Table, u64)| {
        let path = folder.join(format!("{}.parquet", table.name()));
        (table, fs::read(path).expect("a fixture"), rows)
    };
    Lake::of(&ROWS.map(file))
}

#[test]
fn files_of_every_version_are_read_alike_and_rewritten_in_the_newest() {
    let lakes: Vec<_> = versions().iter().map(|folder| lake_of(folder)).collect();
    assert!(2 <= lakes.len(), "unstamped, and stamped");
    let newest = lakes.last().expect("two or more").read();
    for (table, rows) in ROWS {
        assert_eq!(newest[table.name()].len() as u64, rows, "{}", table.name());
    }
    for lake in lakes {
        assert_eq!(lake.read(), newest);
        let rewritten = lake.compacted();
        assert_eq!(rewritten.read(), newest);
        let versions = rewritten
            .store
            .versions(&rewritten.files)
            .expect("versions");
        for (file, version) in versions {
            let expected = if file.table == Table::Decisions { 2 } else { 1 };
            assert_eq!((version.version, version.is_stamped), (expected, true));
        }
    }
}

#[test]
fn an_unstamped_file_says_so_and_a_stamped_one_does_not() {
    let folders = versions();
    let of = |name: &str| folders.iter().find(|folder| folder.ends_with(name));
    for (name, is_stamped) in [("unstamped", false), ("first-stamped", true)] {
        let lake = lake_of(of(name).expect("a folder of fixtures"));
        let versions = lake.store.versions(&lake.files).expect("versions");
        let stamped = versions.iter().filter(|(_, v)| v.is_stamped).count();
        assert_eq!(stamped, if is_stamped { 4 } else { 0 }, "{name}");
    }
}

/// A fixture whose stamp says another version of the same length.
fn of_version(table: Table, from: &str, to: &str) -> Vec<u8> {
    let folders = versions();
    let folder = folders
        .iter()
        .find(|folder| folder.ends_with("first-stamped"));
    let path = folder
        .expect("stamped")
        .join(format!("{}.parquet", table.name()));
    let mut bytes = fs::read(path).expect("a fixture");
    // Name and value follow each other in the metadata, a length between them.
    let name = b"preventio.version";
    let at = bytes.windows(name.len()).rposition(|window| window == name);
    let value = at.expect("a stamp") + name.len();
    let window = &mut bytes[value..value + 4];
    let digit = window.iter_mut().find(|byte| **byte == from.as_bytes()[0]);
    *digit.expect("the version") = to.as_bytes()[0];
    bytes
}

#[test]
fn a_file_of_a_newer_version_is_refused_whoever_asks() {
    for (table, rows) in ROWS {
        let from = if table == Table::Decisions { "2" } else { "1" };
        let lake = Lake::of(&[(table, of_version(table, from, "9"), rows)]);
        let nobody = Some(ResidentId::from_bytes([0; 16]));
        let read = [
            lake.store.register(nobody).map(drop),
            lake.store.issues(nobody).map(drop),
            lake.store.decisions(nobody, |_, _| {}),
            lake.store.facts(&rulebook().catalogue, nobody).map(drop),
        ];
        let refused = read.into_iter().filter_map(Result::err);
        let told: Vec<String> = refused.map(|error| error.to_string()).collect();
        let compacted = lake.store.stage_compacted(&lake.files, 10);
        let told_again = compacted.expect_err("refused").to_string();
        assert_eq!(told, [told_again]);
        let (name, newest) = (table.name(), from);
        let expected =
            format!("of table `{name}` is of version 9, this program knows 1 to {newest}\nhint: ");
        assert!(told[0].contains(&expected), "{}", told[0]);
        assert!(told[0].contains(&lake.files[0].sha256), "{}", told[0]);
        let problems = lake.store.check(Some((1, &lake.files))).expect("checked");
        assert_eq!(problems.len(), 1);
        assert!(
            problems[0].what.contains("is of version 9"),
            "{}",
            problems[0].what
        );
    }
}

#[test]
fn a_file_that_is_not_what_its_version_says_is_refused() {
    let lake = Lake::of(&[(Table::Decisions, of_version(Table::Decisions, "2", "1"), 30)]);
    let told = lake.store.decisions(None, |_, _| {}).expect_err("refused");
    let expected = "it has a column `index_date`, which version 1 has not";
    assert!(told.to_string().contains(expected), "{told}");
    // A file of one table among those of another.
    let facts = of_version(Table::Facts, "1", "1");
    let lake = Lake::of(&[(Table::Register, facts, 251)]);
    let told = lake.store.register(None).map(drop).expect_err("refused");
    assert!(
        told.to_string().contains("it says it is of table `facts`"),
        "{told}"
    );
}
