//! A folder from which the other side takes files: each appears there once, whole, or not at all.
//!
//! ```text
//! kept/NAME.ready   what is to be handed over, whole and on disk
//! kept/NAME         the same for our own eyes; from now on it counts as handed over as soon as `.ready` is gone
//! folder/NAME       `.ready`, renamed: the one step that hands over
//! ```
//!
//! Killed before the last step, `.ready` is still there: nothing was handed over. Killed after it,
//! `.ready` is gone and the copy is there: it was, also when the other side has taken the file away.
//! A lock lets processes in one by one; the system gives it back when one is killed.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

const READY: &str = ".ready";
const LOCK: &str = ".lock";

/// Where files are handed over.
#[derive(Debug, Clone)]
pub(super) struct Handover {
    folder: PathBuf,
    kept: PathBuf,
}

/// The right to hand over; nobody else has it meanwhile.
pub(super) struct Turn<'h> {
    handover: &'h Handover,
    _lock: File,
}

impl Handover {
    pub(super) fn new(folder: &Path, kept: &Path) -> Self {
        Self {
            folder: folder.to_path_buf(),
            kept: kept.to_path_buf(),
        }
    }

    /// Waits for the turn, and clears what a killed process has left half done.
    pub(super) fn turn(&self) -> io::Result<Turn<'_>> {
        let lock = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .mode(0o600)
            .open(self.kept.join(LOCK))?;
        lock.lock()?;
        for entry in fs::read_dir(&self.kept)? {
            let path = entry?.path();
            let Some(whole) = path.to_str().and_then(|p| p.strip_suffix(READY)) else {
                continue;
            };
            // The copy first: the other way round it would look handed over.
            remove(Path::new(whole))?;
            remove(&path)?;
        }
        sync(&self.kept)?;
        Ok(Turn {
            handover: self,
            _lock: lock,
        })
    }

    /// Our copy of a file that was handed over; `None` when it was not.
    pub(super) fn handed_over(&self, name: &str) -> io::Result<Option<Vec<u8>>> {
        if self.kept.join(format!("{name}{READY}")).try_exists()? {
            return Ok(None);
        }
        match fs::read(self.kept.join(name)) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The names of everything that was handed over.
    pub(super) fn names(&self) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(&self.kept)? {
            let name = entry?.file_name();
            let Some(name) = name.to_str() else { continue };
            let is_ours = !name.starts_with('.') && !name.ends_with(READY);
            if is_ours && !self.kept.join(format!("{name}{READY}")).try_exists()? {
                names.push(name.to_owned());
            }
        }
        Ok(names)
    }
}

impl Turn<'_> {
    /// Hands a file over, after what goes with it (`companions`: what their names end with, and content).
    pub(super) fn hand_over(
        &self,
        name: &str,
        content: &[u8],
        companions: &[(&str, &[u8])],
    ) -> io::Result<()> {
        let Handover { folder, kept } = self.handover;
        let ready = kept.join(format!("{name}{READY}"));
        written(&ready, content)?;
        sync(kept)?;
        for (suffix, content) in companions {
            // Dot files are passed over by whoever watches the folder.
            let hidden = folder.join(format!(".{name}{suffix}"));
            written(&hidden, content)?;
            fs::rename(&hidden, folder.join(format!("{name}{suffix}")))?;
        }
        written(&kept.join(name), content)?;
        sync(kept)?;
        fs::rename(&ready, folder.join(name))?;
        sync(folder)?;
        sync(kept)
    }
}

/// Replaces a file of a folder whole: readers see the old content or the new.
pub(super) fn replace(folder: &Path, name: &str, content: &[u8]) -> io::Result<()> {
    let hidden = folder.join(format!(".{name}.{}", std::process::id()));
    written(&hidden, content)?;
    fs::rename(&hidden, folder.join(name))?;
    sync(folder)
}

/// For its owner and group: the other side is another user of the machine.
fn written(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new()
        .create(true)
        .truncate(true)
        .write(true)
        .mode(0o640)
        .open(path)?;
    file.write_all(content)?;
    file.sync_all()
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}

fn sync(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder of its own that goes with the test.
    struct Place(PathBuf);

    impl Place {
        fn new(name: &str) -> (Self, Handover) {
            let root = std::env::temp_dir().join(format!("handover-{name}-{}", std::process::id()));
            for part in ["out", "kept"] {
                fs::create_dir_all(root.join(part)).expect("a folder");
            }
            let handover = Handover::new(&root.join("out"), &root.join("kept"));
            (Self(root), handover)
        }

        fn out(&self) -> Vec<String> {
            let entries = fs::read_dir(self.0.join("out")).expect("a folder");
            let name = |entry: io::Result<fs::DirEntry>| entry.expect("an entry").file_name();
            let mut names: Vec<String> = entries
                .map(|entry| name(entry).to_string_lossy().into_owned())
                .collect();
            names.sort();
            names
        }
    }

    impl Drop for Place {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn what_the_other_side_has_taken_away_was_handed_over_all_the_same() {
        let (place, handover) = Place::new("taken");
        let turn = handover.turn().expect("a turn");
        turn.hand_over("a.csv", b"rows", &[(".sig", b"signature")])
            .expect("it is handed over");
        drop(turn);
        assert_eq!(place.out(), ["a.csv", "a.csv.sig"]);
        fs::remove_file(place.0.join("out/a.csv")).expect("the other side takes it");
        let kept = handover.handed_over("a.csv").expect("readable");
        assert_eq!(kept.as_deref(), Some(&b"rows"[..]));
        assert_eq!(handover.names().expect("readable"), ["a.csv"]);
    }

    #[test]
    fn whatever_step_a_process_is_killed_after_it_is_known_whether_the_file_was_handed_over() {
        // What lies in `kept` and `folder` after each step, and whether that is "handed over".
        let steps: [(&[&str], &[&str], bool); 4] = [
            (&[], &[], false),
            (&["b.csv.ready"], &[], false),
            (&["b.csv.ready", "b.csv"], &["b.csv.sig"], false),
            (&["b.csv"], &["b.csv", "b.csv.sig"], true),
        ];
        for (n, (kept, out, expected)) in steps.into_iter().enumerate() {
            let (place, handover) = Place::new(&format!("killed-{n}"));
            for name in kept {
                fs::write(place.0.join("kept").join(name), "rows").expect("writable");
            }
            for name in out {
                fs::write(place.0.join("out").join(name), "rows").expect("writable");
            }
            let before = handover.handed_over("b.csv").expect("readable").is_some();
            assert_eq!(before, expected, "step {n}");
            // The next process finds the same, and can hand over what was not.
            let turn = handover.turn().expect("a turn");
            let after = handover.handed_over("b.csv").expect("readable").is_some();
            assert_eq!(after, expected, "step {n}");
            if !after {
                turn.hand_over("b.csv", b"rows", &[(".sig", b"s")])
                    .expect("it is handed over");
            }
            drop(turn);
            assert_eq!(place.out(), ["b.csv", "b.csv.sig"], "step {n}");
        }
    }
}
