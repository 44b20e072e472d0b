//! Refit: the points of the score in force held against the programme's own outcomes, and the rules that
//! would have other points. Nothing is stored in the data folder, and nothing decides otherwise.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use jiff::civil::Date;

use super::cases::{Along, along};
use super::in_force::in_force;
use super::learn::{Followed, follow};
use super::model_refit_document::RefitDocument;
use super::run::checked_pulls;
use super::sources::Sources;
use super::{DataFolder, StepError};
use crate::learning::{self, Case, PointsCase, PointsRefit};
use crate::profile::{Fact, ResidentId};
use crate::risk::{self, Assessment};
use crate::rulebook::{
    Amount, Header, NewPoints, RuleFile, Rulebook, Score, next_version, repointed, with_examples,
};
use crate::rules;

/// When to look back from, and where new rules go.
#[derive(Debug, Clone, Copy)]
pub struct RefitOptions<'a> {
    /// The day of looking back.
    pub today: Date,
    /// Worker threads; the answer does not depend on it.
    pub threads: usize,
    /// The rule files in force, and the new folder into which they go with the proposed points.
    pub out: Option<(&'a [RuleFile], &'a Path)>,
}

/// Why no rules with new points were written.
#[derive(Debug, thiserror::Error)]
pub enum NotRefitted {
    /// Every point stays.
    #[error("no point changes, so there are no new rules\nhint: without `--out` it is said why")]
    NothingChanges,
    /// Newer decisions speak against it.
    #[error(
        "the newest decisions speak against the new points, so there are no new rules\nhint: without `--out` the figures are shown"
    )]
    Worse,
    /// The newest decisions say nothing about it.
    #[error("nobody can say how the new points do on the newest decisions: {0}")]
    NotJudgeable(String),
    /// Something is where the rules are to be.
    #[error("`{0}` is there already\nhint: rules with new points go into a new folder")]
    There(std::path::PathBuf),
    /// The rule files do not hold with the new points.
    #[error("the rules do not hold with the new points\n{0}")]
    DoNotHold(String),
}

/// Holds the points of the score in force against outcomes, and writes rules with new ones where asked to.
///
/// # Errors
///
/// When nothing was pulled or decided, the calibration in force is of something that the programme does not
/// observe, the score is no table of points, nobody can be held out, there is nothing to write, or reading or
/// writing fails.
pub fn model_refit(
    rulebook: &Rulebook,
    data: &DataFolder,
    options: RefitOptions<'_>,
) -> Result<RefitDocument, StepError> {
    let limits = rulebook.programme.model_changes.as_ref();
    let held_out = limits.ok_or(StepError::NoModelChanges)?.held_out;
    let in_force = in_force(rulebook, data)?;
    let book = &in_force.rulebook;
    learning::observed(&book.calibration)?;
    let followed = follow(book, data, (None, options.today))?;
    let cases = with_points(book, data, &followed, options.threads)?;
    let model = (&book.model, book.pathway.lowest_level());
    let refit = learning::refit_points(model, held_out, &cases)?;
    let hash = followed.hash();
    let mut document = RefitDocument::new(book, &refit, (options.today, &hash));
    if let Some((files, folder)) = options.out {
        document.written = Some(written(book, files, folder, (&refit, &document, &hash))?);
    }
    Ok(document)
}

/// Decisions that stand for somebody, each with what every item added that day.
fn with_points(
    rulebook: &Rulebook,
    data: &DataFolder,
    followed: &Followed,
    threads: usize,
) -> Result<Vec<PointsCase>, StepError> {
    let counted = followed.cases.iter().filter_map(|one| {
        let on = one.index_date.filter(|_| one.case.stands_for_some())?;
        Some(((one.resident, one.case.round), (one.case, on)))
    });
    let mut of: HashMap<ResidentId, Vec<(Case, Date)>> = HashMap::new();
    for ((resident, _), case) in counted {
        of.entry(resident).or_default().push(case);
    }
    let pulls = checked_pulls(rulebook, data)?;
    let sources = Sources::of(data, rulebook, &pulls)?;
    let register = data.store.register(None)?;
    let residents: Vec<ResidentId> = register.iter().map(|row| row.resident).collect();
    let everybody = Along {
        store: &data.store,
        catalogue: &rulebook.catalogue,
        residents: &residents,
        threads,
    };
    let work = |n: usize, facts: Vec<Fact>| -> Vec<PointsCase> {
        let entry = &register[n];
        let cases = of.get(&entry.resident).into_iter().flatten();
        cases
            .map(|(case, on)| {
                let profile = sources.profile(entry, facts.clone(), *on);
                let assessment = risk::assess(rulebook, &profile);
                PointsCase {
                    case: *case,
                    on: *on,
                    adds: assessment.as_ref().map_or(Vec::new(), adds),
                }
            })
            .collect()
    };
    let (cases, _) = along(everybody, work, |results| {
        Ok(results.flatten().flatten().collect())
    })?;
    Ok(cases)
}

fn adds(assessment: &Assessment) -> Vec<Option<Amount>> {
    let items = assessment.items().iter();
    items
        .map(|item| item.adds.is_certain().then(|| item.adds.low()))
        .collect()
}

/// Writes rules in which the score alone has other points; where.
fn written(
    book: &Rulebook,
    files: &[RuleFile],
    folder: &Path,
    (refit, document, hash): (&PointsRefit, &RefitDocument, &str),
) -> Result<String, StepError> {
    match &refit.compared {
        None => return Err(NotRefitted::NothingChanges.into()),
        Some(Err(why)) => return Err(NotRefitted::NotJudgeable(why.to_string()).into()),
        Some(Ok(held)) if held.is_worse() => return Err(NotRefitted::Worse.into()),
        Some(Ok(_)) => {}
    }
    if folder.exists() {
        return Err(NotRefitted::There(folder.to_path_buf()).into());
    }
    let files = with_new_points(book, files, &new_points(book, refit, (document, hash)))?;
    for file in &files {
        let path = folder.join(&file.path);
        let made = path.parent().map_or(Ok(()), fs::create_dir_all);
        made.and_then(|()| fs::write(&path, &file.text))
            .map_err(|source| StepError::Io {
                action: "write",
                path: path.clone(),
                source,
            })?;
    }
    Ok(folder.display().to_string())
}

fn new_points(
    book: &Rulebook,
    refit: &PointsRefit,
    (document, hash): (&RefitDocument, &str),
) -> NewPoints {
    let Header {
        id,
        version,
        source,
        ..
    } = &book.model.header;
    let ends = refit.items.iter().map(|item| {
        let points = item.levels.iter().map(|level| level.proposed);
        let low = points.clone().min().unwrap_or(0);
        (low, points.max().unwrap_or(0))
    });
    let [verified, confirmed] = refit.fitted;
    let until = refit.fitted_until;
    NewPoints {
        points: refit.proposed(),
        old_range: (book.model.min, book.model.max),
        new_range: ends.fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1)),
        year: until.year(),
        source: [
            format!("PreventioJyrää, from {}", source.author),
            format!(
                "{}; points refitted on the programme's own outcomes",
                source.title
            ),
            format!(
                "published table {id} {version}, {}; {verified} verified decisions until {until}, {confirmed} confirmed, as of {}; cases SHA-256 {hash}; rules {}",
                source.locator, document.as_of, book.fingerprint
            ),
        ],
        limit: format!(
            "points refitted on {verified} verified first decisions of this programme until {until}, {}; whoever else uses the score has other points",
            refit.tested.name()
        ),
    }
}

/// The rule files with new points in the score's file, checked.
fn with_new_points(
    book: &Rulebook,
    files: &[RuleFile],
    new: &NewPoints,
) -> Result<Vec<RuleFile>, StepError> {
    let (model, programme) = (&book.model, &book.programme.header.id);
    let no_file = || NotRefitted::DoNotHold(format!("`{}` has no points to change", model.file));
    let changed = |files: &[RuleFile], of: &dyn Fn(&RuleFile) -> Option<RuleFile>| {
        let files = files.iter();
        let all = files.map(|file| match file.path == model.file {
            true => of(file).ok_or_else(no_file),
            false => Ok(file.clone()),
        });
        all.collect::<Result<Vec<RuleFile>, NotRefitted>>()
    };
    let files = changed(files, &|file| repointed(file, &model.header, new))?;
    let mistakes = |all: &[crate::rulebook::Diagnostic]| {
        let lines: Vec<String> = all.iter().map(ToString::to_string).collect();
        NotRefitted::DoNotHold(lines.join("\n"))
    };
    let loaded = Rulebook::load_programme(&files, programme).map_err(|all| mistakes(&all))?;
    let found: Vec<(Score, Score)> =
        risk::example_ranges(&loaded, &loaded.model).map_err(NotRefitted::DoNotHold)?;
    let why = format!(
        "as the points of version {} add",
        next_version(&model.header.version)
    );
    let files = changed(&files, &|file| with_examples(file, &found, &why))?;
    rules::check(&files, Some(programme))
        .map_err(|mistakes| NotRefitted::DoNotHold(mistakes.to_string()))?;
    Ok(files)
}
