//! What becomes of one line: parsed or passed over, counted, and put aside until all are read.

use super::harvest::{
    Harvest, Place, Reader, bears_codes, place_number, subject_changed, withdrawal,
};
use super::links::nobody_of_the_register;
use super::persons::entry_links;
use super::returning::Whereabouts;
use super::waiting::{FactRow, Owner, Said};
use crate::fhir::{
    Glance, Line, LineProblem, Resource, Unmapped, line_key, read_line, read_line_once,
    salvage_subject,
};
use crate::intake::{self, Issue, IssueCode};
use crate::lake::LakeError;
use crate::ledger::{Quarantined, StaysAway};
use crate::profile::{Fact, FactValue, ResidentId, SubmissionId, Version};

impl Reader<'_> {
    /// Reads one line; says whether the file seems to be cut off in it.
    pub(super) fn line(
        &self,
        place: Place<'_>,
        line: Line<'_>,
        harvest: &mut Harvest,
    ) -> Result<bool, LakeError> {
        harvest.counts.read += 1;
        // A line without an end may be where the file was cut off: only a parser can tell.
        let may_pass = line.problem.is_none() && !line.unterminated;
        if may_pass && self.pass_over(line.bytes, harvest)? {
            return Ok(false);
        }
        let mut used = Ok(());
        let use_it = |resource: Resource<'_>| used = self.resource(place, resource, harvest);
        let read = match (line.problem, &self.filter) {
            (Some(LineProblem::TooLong), _) => Err(Issue::reading(
                IssueCode::LineTooLong,
                "",
                format!("at most {} bytes a line", crate::fhir::MAX_LINE_BYTES),
            )),
            (None, Some(_)) => read_line_once(&self.reading, line.bytes, use_it),
            (None, None) => read_line(&self.reading, line.bytes, use_it),
        };
        used?;
        let Err(issue) = read else { return Ok(false) };
        harvest.counts.set_aside += 1;
        // A last line that stops in the middle of JSON, without a line end: so did the file.
        let cut_off = line.unterminated && issue.code == IssueCode::CutOff;
        let raw = zstd::bulk::compress(line.bytes, 1).expect("bytes in memory can be compressed");
        let quarantined = Quarantined {
            file: place.name.to_owned(),
            line: place_number(place.line),
            code: issue.code.name(),
            raw,
        };
        let resident = salvage_subject(line.bytes).map(|id| self.reading.resident(id));
        if !resident.is_some_and(|resident| self.erased.contains_key(&resident)) {
            harvest.quarantined.push(quarantined, &self.spill)?;
        }
        harvest.unreadable += u64::from(resident.is_none());
        self.note(place, resident, [issue], harvest)?;
        Ok(cut_off)
    }

    /// Counts a line that need not be parsed; `false` when it has to be.
    fn pass_over(&self, line: &[u8], harvest: &mut Harvest) -> Result<bool, LakeError> {
        let glance = self.filter.as_ref().map(|filter| filter.glance(line));
        // Whatever the rules say of its code, an answer to an order is not passed over.
        let glance = glance.filter(|_| !self.reading.may_answer(line));
        match glance.unwrap_or(Glance::Unclear) {
            Glance::Unclear => Ok(false),
            Glance::OtherType(name) => {
                harvest.note_type(name);
                harvest.counts.other_type += 1;
                harvest.count_glanced(name, "", "");
                Ok(true)
            }
            Glance::NoInterest {
                resource_type,
                id,
                system,
                code,
            } => {
                if !self.earlier.is_empty() {
                    let submission = self.reading.submission(resource_type, id);
                    if self.earlier.known(submission).is_some() {
                        return Ok(false);
                    }
                }
                harvest.note_type(resource_type);
                harvest.counts.unmapped += 1;
                harvest.count_glanced(resource_type, system, code);
                let key = line_key(resource_type, id);
                if let Some((_, spool)) = harvest.passed_over.first_mut() {
                    spool.push(&key, &self.spill)?;
                }
                Ok(true)
            }
        }
    }

    fn note(
        &self,
        place: Place<'_>,
        resident: Option<ResidentId>,
        issues: impl IntoIterator<Item = Issue>,
        harvest: &mut Harvest,
    ) -> Result<(), LakeError> {
        for issue in issues {
            let row = self.issue_row(place.name, place_number(place.line), resident, issue);
            harvest.issues.push(row, &self.spill)?;
        }
        Ok(())
    }

    fn resource(
        &self,
        place: Place<'_>,
        resource: Resource<'_>,
        harvest: &mut Harvest,
    ) -> Result<(), LakeError> {
        match resource {
            Resource::OtherType(name) => {
                harvest.note_type(&name);
                harvest.counts.other_type += 1;
                let code = Unmapped {
                    resource_type: name,
                    system: String::new(),
                    code: String::new(),
                };
                harvest.unmapped.add(code, false);
                Ok(())
            }
            Resource::Register(mut entry) => {
                harvest.note_type("Patient");
                harvest.counts.register += 1;
                let mut issues = std::mem::take(&mut entry.issues);
                if !self.links.are_of_the_register() {
                    // Who is on the register, and what it says of them, only the register tells.
                    if !self.reading.is_linked(&entry.patient_id) {
                        issues.push(nobody_of_the_register());
                    }
                    return self.note(place, Some(entry.resident), issues, harvest);
                }
                self.note(place, Some(entry.resident), issues, harvest)?;
                let links = entry_links(&entry);
                if !links.is_empty() || self.linked_before.contains(&entry.resident) {
                    harvest.note_links(entry.resident, entry.version, links);
                }
                if self.erased.get(&entry.resident) == Some(&StaysAway::UntilReturn) {
                    let is = Whereabouts::of(&entry.register);
                    harvest.note_away(entry.resident, entry.version, is);
                }
                harvest.entries.push(*entry, &self.spill)
            }
            Resource::Statements {
                resource_type,
                id,
                resident,
                submissions,
                answers,
                first_code,
                could_matter,
            } => {
                harvest.note_type(resource_type);
                let Some(first) = submissions.first() else {
                    return Ok(());
                };
                let (submission, version) = (first.id, first.version);
                let mut facts: Vec<Fact> = Vec::new();
                let mut issues = Vec::new();
                for submission in &submissions {
                    let intake = intake::admit(self.rulebook, self.today, submission);
                    facts.extend(intake.facts);
                    issues.extend(intake.issues);
                }
                let told = (resident, submission);
                issues.extend(self.answered(told, &answers, &facts, harvest));
                let is_silent = facts.iter().all(|fact| fact.value == FactValue::Withdrawn);
                let counts_as_withdrawn = is_silent && !facts.is_empty();
                if bears_codes(resource_type) {
                    harvest.bearing += 1;
                    harvest.mapped += u64::from(!facts.is_empty() || !issues.is_empty());
                }
                let counts = &mut harvest.counts;
                match (!facts.is_empty(), !issues.is_empty()) {
                    (true, _) if counts_as_withdrawn => counts.withdrawn += 1,
                    (true, _) => counts.facts += 1,
                    (false, true) => counts.set_aside += 1,
                    (false, false) => {
                        counts.unmapped += 1;
                        harvest.unmapped.add(first_code.into(), could_matter);
                    }
                }
                let known = self.earlier.known(submission);
                let before = known.map(|known| known.resident);
                // A dated version that cannot be understood takes back older ones, also those that
                // come later.
                let takes_back = !issues.is_empty() && version.updated != i64::MIN;
                if facts.is_empty() && (before.is_some() || takes_back) {
                    facts.push(withdrawal(submission, version));
                }
                if known.is_some_and(|known| known.is_shared || known.resident != resident) {
                    harvest.moved.insert(submission);
                }
                let mut rows = Vec::with_capacity(facts.len() + 1);
                // The source now says that it was about somebody else all along.
                if let Some(before) = before.filter(|before| *before != resident) {
                    rows.push(FactRow {
                        resident: before,
                        fact: withdrawal(submission, version),
                        place: None,
                        counts_as_withdrawn: false,
                    });
                    issues.push(subject_changed());
                }
                if facts.is_empty() {
                    self.add_silent(resident, submission, version, harvest)?;
                } else {
                    self.note_spoken(resource_type, id, harvest)?;
                }
                let mut own = facts.into_iter().map(|fact| FactRow {
                    resident,
                    fact,
                    place: Some((place.file, place.line)),
                    counts_as_withdrawn: false,
                });
                rows.extend(own.next().map(|row| FactRow {
                    counts_as_withdrawn,
                    ..row
                }));
                rows.extend(own);
                self.add(rows, harvest)?;
                self.note(place, Some(resident), issues, harvest)
            }
        }
    }

    /// Adds facts of one line.
    pub(super) fn add(&self, rows: Vec<FactRow>, harvest: &mut Harvest) -> Result<(), LakeError> {
        let mut last = None;
        for row in rows {
            let owner = Owner::of(row.resident, &row.fact);
            if last.replace(owner) != Some(owner) {
                harvest.owners.push(owner, &self.spill)?;
            }
            harvest.facts.push(row, &self.spill)?;
        }
        Ok(())
    }

    /// Adds a line that says nothing: dated, it may follow a version that said something.
    pub(super) fn add_silent(
        &self,
        resident: ResidentId,
        submission: SubmissionId,
        version: Version,
        harvest: &mut Harvest,
    ) -> Result<(), LakeError> {
        if version.updated == i64::MIN {
            return Ok(());
        }
        let owner = Owner {
            submission,
            version,
            said: Said::Nothing,
            resident: Some(resident),
        };
        harvest.owners.push(owner, &self.spill)
    }

    fn note_spoken(
        &self,
        resource_type: &str,
        id: &str,
        harvest: &mut Harvest,
    ) -> Result<(), LakeError> {
        // Without a filter no line is passed over.
        match (&self.filter, harvest.spoken.first_mut()) {
            (Some(_), Some(spool)) => spool.push(&line_key(resource_type, id), &self.spill),
            _ => Ok(()),
        }
    }
}
