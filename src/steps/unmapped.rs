//! Codes that no rule speaks of: counted within a bound, compared with the pull before, held against a limit.

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};

use super::pull::PullReport;
use crate::fhir::Unmapped;
use crate::ledger::PullRecord;
use crate::rulebook::{Rulebook, UnmappedLimits};

/// How many different codes are kept while counting.
const MOST_CODES: usize = 20_000;
/// How many codes a report lists.
const SHOWN: usize = 10;
/// Longer codes and system names are no codes but text.
const LONGEST: usize = 200;
/// What stands for what may be text about a person.
const NOT_SHOWN: &str = "(not a code)";

/// Resources by code, when no rule knows any code of theirs.
///
/// Only so many codes are kept. When there are more, those with the smallest hash are kept and counted
/// whole: which ones does not depend on the order of lines or on threads.
#[derive(Default)]
pub(super) struct UnmappedCounts {
    kept: HashMap<Unmapped, Count>,
    level: u32,
    /// Resources counted, kept or not.
    total: u64,
    /// Those of them that could matter by what their code is.
    could_matter: u64,
}

#[derive(Clone, Copy, Default)]
struct Count {
    n: u64,
    could_matter: bool,
}

impl UnmappedCounts {
    /// Counts one resource.
    pub(super) fn add(&mut self, code: Unmapped, could_matter: bool) {
        let code = without_text(code);
        self.total += 1;
        self.could_matter += u64::from(could_matter);
        self.keep(code, Count { n: 1, could_matter });
    }

    /// Counts so many resources that could not matter.
    pub(super) fn add_many(&mut self, code: Unmapped, n: u64) {
        self.total += n;
        let could_matter = false;
        self.keep(without_text(code), Count { n, could_matter });
    }

    /// Adds what another thread counted.
    pub(super) fn absorb(&mut self, other: Self) {
        self.total += other.total;
        self.could_matter += other.could_matter;
        self.level = self.level.max(other.level);
        let level = self.level;
        self.kept.retain(|code, _| level <= level_of(code));
        for (code, count) in other.kept {
            self.keep(code, count);
        }
    }

    fn keep(&mut self, code: Unmapped, count: Count) {
        if level_of(&code) < self.level {
            return;
        }
        let kept = self.kept.entry(code).or_default();
        kept.n += count.n;
        kept.could_matter |= count.could_matter;
        while MOST_CODES < self.kept.len() {
            self.level += 1;
            let level = self.level;
            self.kept.retain(|code, _| level <= level_of(code));
        }
    }

    /// What is kept, the most frequent first.
    pub(super) fn rows(&self) -> Vec<(String, String, String, u64)> {
        let kept = self.kept.iter();
        let mut rows: Vec<_> = kept.map(|(code, count)| row(code, count.n)).collect();
        sort(&mut rows);
        rows
    }

    /// What a report says of the codes; `before` is what the pull before counted.
    pub(super) fn report(
        &self,
        limits: Option<UnmappedLimits>,
        (bearing, mapped): (u64, u64),
        before: Option<&Before>,
    ) -> CodesReport {
        let mut by_system: BTreeMap<String, u64> = BTreeMap::new();
        let mut matter = Vec::new();
        let mut newly_frequent = Vec::new();
        let mut could_matter = self.could_matter;
        for (code, count) in &self.kept {
            let system = if code.system.is_empty() {
                "no system"
            } else {
                &code.system
            };
            let name = format!("{} {system}", code.resource_type);
            *by_system.entry(name).or_default() += count.n;
            let grown = limits
                .zip(before)
                .and_then(|(limits, before)| before.grown(limits, code, count.n, bearing));
            if let Some(earlier) = grown {
                let (resource_type, system, code, n) = row(code, count.n);
                newly_frequent.push((resource_type, system, code, n, earlier));
                could_matter += if count.could_matter { 0 } else { count.n };
            }
            if count.could_matter {
                matter.push(row(code, count.n));
            }
        }
        newly_frequent.sort_by(|a, b| b.3.cmp(&a.3).then_with(|| a.cmp(b)));
        newly_frequent.truncate(SHOWN);
        sort(&mut matter);
        matter.truncate(SHOWN);
        let listed: u64 = self.kept.values().map(|count| count.n).sum();
        CodesReport {
            bearing,
            mapped,
            could_matter,
            by_system: most(by_system),
            matter,
            newly_frequent,
            not_listed: self.total - listed,
        }
    }
}

type CodeRow = (String, String, String, u64);

fn row(code: &Unmapped, n: u64) -> CodeRow {
    let Unmapped {
        resource_type,
        system,
        code,
    } = code.clone();
    (resource_type, system, code, n)
}

fn sort(rows: &mut [CodeRow]) {
    rows.sort_by(|a, b| b.3.cmp(&a.3).then_with(|| a.cmp(b)));
}

/// The most frequent systems.
fn most(by_system: BTreeMap<String, u64>) -> Vec<(String, u64)> {
    let mut rows: Vec<(String, u64)> = by_system.into_iter().collect();
    rows.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.cmp(b)));
    rows.truncate(SHOWN);
    rows
}

/// The level up to which a code is kept: how many zeros its hash begins with.
fn level_of(code: &Unmapped) -> u32 {
    let text = format!(
        "{}\u{1f}{}\u{1f}{}",
        code.resource_type, code.system, code.code
    );
    let mut first = [0; 8];
    first.copy_from_slice(&blake3::hash(text.as_bytes()).as_bytes()[..8]);
    u64::from_be_bytes(first).leading_zeros()
}

/// The code, or a word for what is none: sources put names and identifiers into fields for codes.
fn without_text(code: Unmapped) -> Unmapped {
    let mark = |text: String, is_code: &dyn Fn(char) -> bool| {
        let is_identifier = text.len() == 11 && text.chars().take(6).all(|c| c.is_ascii_digit());
        if text.len() <= LONGEST && text.chars().all(is_code) && !is_identifier {
            text
        } else {
            NOT_SHOWN.to_owned()
        }
    };
    let in_code = |c: char| c.is_ascii_alphanumeric() || "-._+/:|#".contains(c);
    let in_uri = |c: char| c.is_ascii_alphanumeric() || "-._~:/?#[]@!$&'()*+,;=%|".contains(c);
    Unmapped {
        resource_type: mark(code.resource_type, &in_code),
        system: mark(code.system, &in_uri),
        code: mark(code.code, &in_uri),
    }
}

/// What the pull before of the same source counted.
pub(super) struct Before {
    pub(super) bearing: u64,
    pub(super) is_whole_list: bool,
    pub(super) counts: HashMap<Unmapped, u64>,
}

impl Before {
    /// The newest of these pulls that came from a source, when it counted codes.
    pub(super) fn of<'p>(
        pulls: &'p [PullRecord],
        source: &str,
    ) -> Option<(&'p PullRecord, u64, bool)> {
        let mut of_source = pulls.iter().rev().filter(|pull| pull.source == source);
        of_source.find_map(|pull| {
            let report: PullReport = serde_json::from_str(&pull.report).ok()?;
            let codes = report.codes?;
            (0 < codes.bearing).then_some((pull, codes.bearing, codes.not_listed == 0))
        })
    }

    /// How many there were before, of a code that is newly frequent.
    fn grown(&self, limits: UnmappedLimits, code: &Unmapped, n: u64, bearing: u64) -> Option<u64> {
        let earlier = self.counts.get(code).copied();
        if n < limits.frequent_from || !super::harvest::bears_codes(&code.resource_type) {
            return None;
        }
        let earlier = match earlier {
            Some(earlier) => earlier,
            None if self.is_whole_list => 0,
            // It may have been there and was not kept.
            None => return None,
        };
        #[expect(clippy::cast_precision_loss, reason = "a share needs no exact count")]
        let share = |n: u64, of: u64| n as f64 / of.max(1) as f64;
        let has_grown = share(earlier, self.bearing) * limits.times <= share(n, bearing);
        has_grown.then_some(earlier)
    }
}

/// What a pull met of codes, mapped or not.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CodesReport {
    /// Resources whose code says what they are about.
    pub bearing: u64,
    /// Those of them that the rules understand.
    pub mapped: u64,
    /// Those of them that the rules do not understand, and that could matter.
    pub could_matter: u64,
    /// Resources of unmapped codes by type and coding system, the most frequent.
    pub by_system: Vec<(String, u64)>,
    /// The unmapped codes that could matter most often met: resource type, system, code, count.
    pub matter: Vec<(String, String, String, u64)>,
    /// Codes that are newly frequent since the pull before: the same, and the count before.
    pub newly_frequent: Vec<(String, String, String, u64, u64)>,
    /// Resources of codes that are counted in no list, since there were too many different ones.
    pub not_listed: u64,
}

/// A source of which too much that could matter is not understood.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OverLimit {
    /// The source.
    pub source: String,
    /// Resources that could matter and are not understood.
    pub could_matter: u64,
    /// Those and the ones that are understood.
    pub of: u64,
    /// The largest share that the rules allow.
    pub largest_share: f64,
}

impl std::fmt::Display for OverLimit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "of `{}`, {} of {} resources that could matter have codes that no rule knows; at most {} of 100 may",
            self.source,
            self.could_matter,
            self.of,
            self.largest_share * 100.0
        )
    }
}

/// Sources whose newest pull that counted codes is over the limit of the rules.
pub(super) fn over_limit(rulebook: &Rulebook, pulls: &[PullRecord]) -> Vec<OverLimit> {
    let Some(limits) = rulebook.catalogue.vocabulary.limits else {
        return Vec::new();
    };
    let mut newest: BTreeMap<&str, CodesReport> = BTreeMap::new();
    for pull in pulls {
        let report = serde_json::from_str::<PullReport>(&pull.report).ok();
        let codes = report.and_then(|report| report.codes);
        if let Some(codes) = codes.filter(|codes| limits.from_resources <= codes.bearing) {
            newest.insert(&pull.source, codes);
        }
    }
    let over = newest.into_iter().filter_map(|(source, codes)| {
        let of = codes.mapped + codes.could_matter;
        #[expect(clippy::cast_precision_loss, reason = "a share needs no exact count")]
        let share = codes.could_matter as f64 / of.max(1) as f64;
        let is_over = limits.from_resources <= codes.could_matter && limits.largest_share < share;
        is_over.then(|| OverLimit {
            source: source.to_owned(),
            could_matter: codes.could_matter,
            of,
            largest_share: limits.largest_share,
        })
    });
    over.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(n: u32) -> Unmapped {
        Unmapped {
            resource_type: "Observation".to_owned(),
            system: "http://loinc.org".to_owned(),
            code: n.to_string(),
        }
    }

    #[test]
    fn more_codes_than_are_kept_are_the_same_for_any_order_and_any_parts() {
        let n = 3 * u32::try_from(MOST_CODES).expect("small");
        let mut forward = UnmappedCounts::default();
        (0..n)
            .chain(0..n)
            .for_each(|n| forward.add(code(n), n % 2 == 0));
        let mut parts = [UnmappedCounts::default(), UnmappedCounts::default()];
        (0..n).rev().chain(0..n).for_each(|n| {
            parts[usize::from(n % 7 == 0)].add(code(n), n % 2 == 0);
        });
        let [mut backward, other] = parts;
        backward.absorb(other);
        assert!(forward.kept.len() <= MOST_CODES && MOST_CODES / 4 < forward.kept.len());
        assert_eq!(forward.rows(), backward.rows());
        assert!(forward.rows().iter().all(|row| row.3 == 2), "counted whole");
        let report = forward.report(None, (u64::from(n), 0), None);
        assert_eq!(report.could_matter, u64::from(n));
        let listed: u64 = forward.rows().iter().map(|row| row.3).sum();
        assert_eq!(report.not_listed, 2 * u64::from(n) - listed);
    }

    #[test]
    fn what_is_no_code_is_not_kept() {
        for text in ["Maija Meikäläinen", "131052-308T", &"x".repeat(201), "a b"] {
            let shown = without_text(Unmapped {
                code: text.to_owned(),
                ..code(1)
            });
            assert_eq!(shown.code, NOT_SHOWN);
        }
        assert_eq!(without_text(code(7)), code(7));
    }
}
