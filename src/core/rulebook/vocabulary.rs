//! What surrounds the codes: which versions are meant, whose laboratory speaks, which unknown codes matter.

use super::catalogue::CodeSystem;
use super::reader::Table;

/// A coding system as the rules were written against it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodeSystemVersion {
    /// Which system.
    pub system: CodeSystem,
    /// Its name for people.
    pub name: String,
    /// The release that the codes were taken from.
    pub version: String,
}

/// A laboratory of the rules, by its position in [`Vocabulary::laboratories`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LaboratoryId(pub u16);

/// A laboratory that gives some codes a meaning of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Laboratory {
    /// Its name in rule files and in configurations.
    pub id: String,
    /// How it signs its results: names or identifiers, compared without regard to case.
    pub performers: Vec<String>,
}

/// A code on purpose without a meaning, as what it says cannot be told from the code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ambiguous {
    /// Its coding system.
    pub system: CodeSystem,
    /// The code.
    pub code: String,
    /// Why.
    pub why: String,
}

/// Codes that lie next to mapped ones: an unmapped one among them may hide somebody's disease.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Watched {
    /// Their coding system.
    pub system: CodeSystem,
    /// What they begin with.
    pub prefix: String,
}

/// When unmapped codes stop a run, and when one is news.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct UnmappedLimits {
    /// The largest share, of what is mapped or could matter, that may be unmapped: 0 to 1.
    pub largest_share: f64,
    /// Fewer unmapped resources than these stop nothing.
    pub from_resources: u64,
    /// A code is newly frequent from so many resources in a pull …
    pub frequent_from: u64,
    /// … when its share grew at least so many times since the pull before.
    pub times: f64,
}

/// Everything around the codes.
#[derive(Debug, Clone, Default)]
pub struct Vocabulary {
    /// The coding systems in use, each with its version.
    pub systems: Vec<CodeSystemVersion>,
    /// Laboratories, sorted by id.
    pub laboratories: Vec<Laboratory>,
    /// Codes that are not mapped on purpose.
    pub ambiguous: Vec<Ambiguous>,
    /// Neighbourhoods of mapped codes.
    pub watched: Vec<Watched>,
    /// What unmapped codes may amount to; `None` where the rules set no limit.
    pub limits: Option<UnmappedLimits>,
}

impl Vocabulary {
    /// A laboratory by its name in rule files.
    #[must_use]
    pub fn laboratory(&self, id: &str) -> Option<LaboratoryId> {
        let mut known = self.laboratories.iter();
        let at = known.position(|laboratory| laboratory.id == id)?;
        u16::try_from(at).ok().map(LaboratoryId)
    }

    /// The laboratory that signs results like this.
    #[must_use]
    pub fn performer(&self, name: &str) -> Option<LaboratoryId> {
        // Letter by letter: nearly every name differs in its first.
        fn lower(name: &str) -> impl Iterator<Item = char> {
            name.chars().flat_map(char::to_lowercase)
        }
        let name = name.trim();
        let at = self.laboratories.iter().position(|laboratory| {
            let mut names = laboratory.performers.iter();
            names.any(|known| lower(known).eq(lower(name)))
        })?;
        u16::try_from(at).ok().map(LaboratoryId)
    }

    /// Whether an unmapped code could matter by what it is: listed as ambiguous, next to mapped codes,
    /// or of no system that anybody here knows (`None`).
    #[must_use]
    pub fn could_matter(&self, system: Option<CodeSystem>, code: &str) -> bool {
        let Some(system) = system else { return true };
        let mut ambiguous = self.ambiguous.iter();
        let mut watched = self.watched.iter();
        ambiguous.any(|other| other.system == system && other.code == code)
            || watched.any(|other| other.system == system && code.starts_with(&other.prefix))
    }

    /// The codes that could matter, and whether each stands for all that begin with it.
    pub(super) fn listed_codes(&self) -> impl Iterator<Item = (&str, bool)> {
        let ambiguous = self.ambiguous.iter().map(|other| (&*other.code, false));
        ambiguous.chain(self.watched.iter().map(|other| (&*other.prefix, true)))
    }

    /// Takes in what one file says.
    pub(super) fn read(&mut self, root: &Table<'_>) {
        for table in root.tables("code_system") {
            let system = table.word("system", &CodeSystem::NAMES);
            let (name, version) = (table.text("name"), table.text("version"));
            table.note_verification();
            table.finish();
            if let (Some(system), Some(name), Some(version)) = (system, name, version) {
                if self.systems.iter().any(|known| known.system == system) {
                    table.report("code-system-twice", "this coding system is pinned already");
                }
                self.systems.push(CodeSystemVersion {
                    system,
                    name: name.to_owned(),
                    version: version.to_owned(),
                });
            }
        }
        for table in root.tables("laboratory") {
            let id = table.text("id").map(str::to_owned);
            let names = table.texts("performers").into_iter();
            let performers: Vec<String> = names.map(str::to_owned).collect();
            table.note_verification();
            table.finish();
            let Some(id) = id else { continue };
            let mut all = self.laboratories.iter().flat_map(|other| &other.performers);
            if all.any(|name| performers.contains(name)) {
                table.report("laboratory-twice", "another laboratory signs like this");
            }
            if self.laboratories.iter().any(|other| other.id == id) {
                table.report(
                    "laboratory-twice",
                    format!("laboratory `{id}` is there twice"),
                );
            }
            self.laboratories.push(Laboratory { id, performers });
        }
        self.laboratories.sort_by(|a, b| a.id.cmp(&b.id));
        for table in root.tables("ambiguous") {
            let system = table.word("system", &CodeSystem::NAMES);
            let (code, why) = (table.text("code"), table.text("why"));
            table.finish();
            if let (Some(system), Some(code), Some(why)) = (system, code, why) {
                let (code, why) = (code.to_owned(), why.to_owned());
                self.ambiguous.push(Ambiguous { system, code, why });
            }
        }
        for table in root.tables("watched") {
            let system = table.word("system", &CodeSystem::NAMES);
            let prefix = table.text("prefix");
            table.finish();
            if let (Some(system), Some(prefix)) = (system, prefix) {
                let prefix = prefix.to_owned();
                self.watched.push(Watched { system, prefix });
            }
        }
        if let Some(table) = root.table("unmapped") {
            if self.limits.is_some() {
                table.report(
                    "unmapped-twice",
                    "the limits of unmapped codes are set already",
                );
            }
            self.limits = read_limits(&table);
        }
    }

    /// A code whose system has no version could mean something else tomorrow.
    pub(super) fn prove_pinned(&self, table: &Table<'_>, system: CodeSystem) {
        if !self.systems.iter().any(|known| known.system == system) {
            let mut names = CodeSystem::NAMES.iter();
            let name = names.find(|(_, other)| *other == system);
            let name = name.map_or("", |(name, _)| *name);
            table.report_at(
                "codes",
                "code-system-not-pinned",
                format!("codes of `{name}` are used, and no version of it is named"),
                Some("`[[code_system]]` with system, name and version".to_owned()),
            );
        }
    }
}

fn read_limits(table: &Table<'_>) -> Option<UnmappedLimits> {
    let largest_share = table.number("largest_share");
    let from_resources = table.whole("from_resources");
    let frequent_from = table.whole("frequent_from");
    let times = table.number("times");
    table.note_verification();
    table.finish();
    if largest_share.is_some_and(|share| !(0.0..=1.0).contains(&share)) {
        table.report_at("largest_share", "unmapped-limit", "a share is 0 to 1", None);
    }
    if times.is_some_and(|times| times <= 1.0) {
        table.report_at(
            "times",
            "unmapped-limit",
            "what grew is more than before: above 1",
            None,
        );
    }
    Some(UnmappedLimits {
        largest_share: largest_share?,
        from_resources: from_resources?,
        frequent_from: frequent_from?,
        times: times?,
    })
}
