//! From rule files to a rule book, or to all their mistakes.

use std::sync::Arc;

use sha2::{Digest, Sha256};
use toml::Spanned;
use toml::de::DeTable;

use super::catalogue::{self, Catalogue};
use super::header::Header;
use super::reader::{Document, Findings, Table};
use super::texts_proof;
use super::{
    Calibration, CalibrationUse, Conversion, Diagnostic, Model, OrderCodes, Pathway, Programme,
    Questionnaire, RuleFile, RuleName, Rulebook, Severity, TextFile, Texts, Thresholds,
};

/// A file with its parsed text.
struct Parsed<'a> {
    document: Document<'a>,
    table: Spanned<DeTable<'a>>,
}

/// Everything read from the files, whatever the programme uses of it.
#[derive(Default)]
struct Shelves {
    programmes: Vec<Programme>,
    models: Vec<Model>,
    calibrations: Vec<Calibration>,
    thresholds: Vec<Thresholds>,
    pathways: Vec<Pathway>,
    order_codes: Vec<OrderCodes>,
    questionnaires: Vec<Questionnaire>,
    /// With the place of its file among all.
    texts: Vec<(usize, TextFile)>,
}

pub(super) fn load(files: &[RuleFile]) -> Result<Rulebook, Vec<Diagnostic>> {
    let findings = Findings::default();
    let parsed: Vec<Parsed<'_>> = files
        .iter()
        .filter(|file| is_rule(file))
        .filter_map(|file| {
            let document = Document {
                file,
                findings: &findings,
            };
            let table = document.parse()?;
            Some(Parsed { document, table })
        })
        .collect();
    let catalogue = read_catalogue(&parsed);
    let shelves = read_shelves(&parsed, &catalogue);
    let chosen = choose(&parsed, &findings, shelves, catalogue);
    let names = names(&parsed);
    drop(parsed);
    let (mut diagnostics, mut unverified) = findings.into_parts();
    diagnostics.sort_by(|a, b| {
        (&a.file, a.line, a.column, a.code).cmp(&(&b.file, b.line, b.column, b.code))
    });
    let Some(mut rulebook) = chosen.filter(|_| diagnostics.is_empty()) else {
        return Err(diagnostics);
    };
    unverified.sort_by(|a, b| (&a.file, a.line).cmp(&(&b.file, b.line)));
    unverified.dedup();
    rulebook.unverified = unverified;
    let mut kept: Vec<RuleFile> = files.iter().filter(|file| is_rule(file)).cloned().collect();
    kept.sort_by(|a, b| a.path.cmp(&b.path));
    rulebook.names = names;
    rulebook.fingerprint = fingerprint(&kept);
    rulebook.files = kept.into();
    rulebook.facts_fingerprint = fingerprint_of(files, |path| {
        path.starts_with("facts/") || path.starts_with("questionnaires/")
    });
    Ok(rulebook)
}

fn in_folder<'p, 'a>(
    parsed: &'p [Parsed<'a>],
    folder: &'p str,
) -> impl Iterator<Item = &'p Parsed<'a>> {
    parsed.iter().filter(move |file| {
        file.document
            .file
            .path
            .split_once('/')
            .is_some_and(|(first, _)| first == folder)
    })
}

fn read_catalogue(parsed: &[Parsed<'_>]) -> Catalogue {
    let mut raw = Vec::new();
    for file in in_folder(parsed, "facts") {
        let root = Table::root(&file.document, &file.table);
        let _ = Header::read(&root);
        raw.push(catalogue::read_facts(&root));
        root.finish();
    }
    catalogue::build(raw)
}

fn read_shelves(parsed: &[Parsed<'_>], catalogue: &Catalogue) -> Shelves {
    let mut shelves = Shelves::default();
    for (at, file) in parsed.iter().enumerate() {
        let root = Table::root(&file.document, &file.table);
        let path = file.document.file.path.as_str();
        match path.split_once('/').map(|(folder, _)| folder) {
            None if path == "programme.toml" => shelves.programmes.extend(Programme::read(&root)),
            Some("scores") => shelves.models.extend(Model::read(&root, catalogue)),
            Some("calibrations") => {
                shelves.calibrations.extend(Calibration::read(&root, catalogue));
            }
            Some("thresholds") => {
                if let Some(thresholds) = Thresholds::read(&root, catalogue) {
                    thresholds.prove_units(&root, catalogue);
                    shelves.thresholds.push(thresholds);
                }
            }
            Some("pathways") => shelves.pathways.extend(Pathway::read(&root, catalogue)),
            Some("orders") => shelves.order_codes.extend(OrderCodes::read(&root, catalogue)),
            Some("questionnaires") => {
                let form = Questionnaire::read(&root, catalogue);
                let is_known = |form: &Questionnaire| {
                    let mut others = shelves.questionnaires.iter();
                    others.any(|other| other.canonical == form.canonical)
                };
                if form.as_ref().is_some_and(is_known) {
                    let message = "another file maps the same form";
                    root.report_at("questionnaire", "form-twice", message, None);
                }
                shelves.questionnaires.extend(form);
            }
            Some("texts") => shelves
                .texts
                .extend(TextFile::read(&root).map(|texts| (at, texts))),
            Some("facts") => {}
            _ => root.document.report(
                0..0,
                "rule-file-unknown",
                "this file belongs to no folder of rules",
                Some(
                    "folders: scores, calibrations, thresholds, pathways, orders, facts, questionnaires, texts; `programme.toml` beside them"
                        .to_owned(),
                ),
            ),
        }
    }
    shelves
}

/// Takes off the shelves what the programme names.
fn choose(
    parsed: &[Parsed<'_>],
    findings: &Findings,
    shelves: Shelves,
    catalogue: Catalogue,
) -> Option<Rulebook> {
    let Some(file) = parsed
        .iter()
        .find(|file| file.document.file.path == "programme.toml")
    else {
        findings.push(Diagnostic {
            file: "programme.toml".to_owned(),
            line: 1,
            column: 1,
            severity: Severity::Error,
            code: "programme-missing",
            message: "there is no readable `programme.toml`".to_owned(),
            hint: Some("it names the rules in force".to_owned()),
        });
        return None;
    };
    let root = Table::root(&file.document, &file.table);
    let programme = shelves.programmes.into_iter().next()?;
    let table = root.table("programme")?;
    let model = pick(&table, "model", &programme.model, shelves.models, |m| {
        &m.header
    });
    let display_calibration = programme.display_calibration.as_ref().map(|id| {
        pick(
            &table,
            "display_calibration",
            id,
            shelves.calibrations.clone(),
            |c| &c.header,
        )
    });
    let calibration = pick(
        &table,
        "calibration",
        &programme.calibration,
        shelves.calibrations,
        |c| &c.header,
    );
    let thresholds = pick(
        &table,
        "thresholds",
        &programme.thresholds,
        shelves.thresholds,
        |t| &t.header,
    );
    let pathway = pick(
        &table,
        "pathway",
        &programme.pathway,
        shelves.pathways,
        |p| &p.header,
    );
    let order_codes = pick(
        &table,
        "orders",
        &programme.orders,
        shelves.order_codes,
        |o| &o.header,
    );
    let (model, calibration, thresholds, pathway) = (model?, calibration?, thresholds?, pathway?);
    let order_codes = order_codes?;
    let display_calibration = match display_calibration {
        Some(found) => Some(found?),
        None => None,
    };
    for used in [Some(&calibration), display_calibration.as_ref()]
        .into_iter()
        .flatten()
    {
        if used.model != model.header.id {
            table.report(
                "programme-mismatch",
                format!(
                    "calibration `{}` is for model `{}`",
                    used.header.id, used.model
                ),
            );
        }
    }
    if calibration.use_for == CalibrationUse::Display {
        table.report_at(
            "calibration",
            "programme-mismatch",
            format!(
                "calibration `{}` is for display only: nothing may be held against it",
                calibration.header.id
            ),
            None,
        );
    }
    for score in [model.min, model.max] {
        let is_end = [0, 1_000_000_000].contains(&calibration.at(score));
        if is_end && matches!(calibration.conversion, Conversion::Logistic(_)) {
            table.report_at(
                "calibration",
                "probability-range",
                format!(
                    "calibration `{}` makes a certainty of a score of {score}",
                    calibration.header.id
                ),
                None,
            );
        }
    }
    if let Some(observed) = &calibration.estimand.observed
        && !pathway.orders_together(&observed.verified_by)
    {
        table.report_at(
            "calibration",
            "programme-mismatch",
            format!(
                "calibration `{}` verifies an absence by tests that the pathway never orders together",
                calibration.header.id
            ),
            None,
        );
    }
    if !(model.min < pathway.action_level && pathway.action_level <= model.max) {
        table.report(
            "programme-mismatch",
            format!(
                "action level {} is outside the scores {}-{}",
                pathway.action_level, model.min, model.max
            ),
        );
    }
    for (item, fact) in model.category_signals() {
        if !thresholds.tests().contains(&fact) {
            let name = &catalogue.definition(fact).id;
            table.report_at(
                "model",
                "signal-test",
                format!("item `{item}` waits for a category of `{name}`, which has no bands"),
                None,
            );
        }
    }
    for test in pathway.tests() {
        if order_codes.of(test).is_empty() {
            let name = &catalogue.definition(test).id;
            table.report_at(
                "orders",
                "order-code-missing",
                format!("the pathway orders `{name}`, for which no code is given"),
                None,
            );
        }
    }
    let form = programme.form.as_ref().map(|id| {
        let forms = shelves.questionnaires.clone();
        pick(&table, "form", id, forms, |form| &form.header)
    });
    let form = match form {
        Some(found) => Some(found?),
        None => None,
    };
    let texts: Vec<(Table<'_>, TextFile)> = shelves
        .texts
        .into_iter()
        .map(|(at, texts)| (Table::root(&parsed[at].document, &parsed[at].table), texts))
        .collect();
    let n_files = in_folder(parsed, "texts").count();
    texts_proof::prove_files(&table, &texts, n_files);
    texts_proof::prove_pathway(&table, &pathway, &texts);
    if let Some(form) = &form {
        texts_proof::prove_form(&table, form, &model, &texts);
    }
    let texts = Texts::new(texts.into_iter().map(|(_, texts)| texts));
    Some(Rulebook {
        programme,
        texts,
        catalogue,
        questionnaires: shelves.questionnaires,
        model,
        calibration,
        display_calibration,
        thresholds,
        pathway,
        order_codes,
        unverified: Vec::new(),
        files: Arc::default(),
        names: Vec::new(),
        fingerprint: String::new(),
        facts_fingerprint: String::new(),
    })
}

fn pick<T>(
    table: &Table<'_>,
    key: &'static str,
    id: &str,
    shelf: Vec<T>,
    header: impl Fn(&T) -> &Header,
) -> Option<T> {
    let known: Vec<String> = shelf.iter().map(|rule| header(rule).id.clone()).collect();
    let twice = known.iter().filter(|known| known.as_str() == id).count() > 1;
    let found = shelf.into_iter().find(|rule| header(rule).id == id);
    if found.is_none() || twice {
        let known: Vec<&str> = known.iter().map(String::as_str).collect();
        let (code, message) = if twice {
            ("rule-twice", format!("two files call themselves `{id}`"))
        } else {
            (
                "rule-not-found",
                format!("no {key} is called `{id}`, or its file has mistakes"),
            )
        };
        table.report_at(key, code, message, Some(super::reader::suggest(id, &known)));
    }
    found
}

/// What each file calls itself; a file without id or version has mistakes, or holds no rule.
fn names(parsed: &[Parsed<'_>]) -> Vec<RuleName> {
    let name = |file: &Parsed<'_>| {
        let text = |key: &str| {
            let value = file.table.get_ref().get(key)?;
            value.get_ref().as_str().map(str::to_owned)
        };
        Some(RuleName {
            id: text("id")?,
            version: text("version")?,
            file: file.document.file.path.clone(),
        })
    };
    let mut names: Vec<RuleName> = parsed.iter().filter_map(name).collect();
    names.sort();
    names
}

fn is_rule(file: &RuleFile) -> bool {
    file.path.ends_with(".toml")
}

/// SHA-256 over path and text of rule files, whatever their order: 64 hexadecimal digits.
#[must_use]
pub fn fingerprint(files: &[RuleFile]) -> String {
    fingerprint_of(files, |_| true)
}

/// The same of the files that `keep` keeps.
fn fingerprint_of(files: &[RuleFile], keep: impl Fn(&str) -> bool) -> String {
    let mut kept: Vec<&RuleFile> = files
        .iter()
        .filter(|file| is_rule(file) && keep(&file.path))
        .collect();
    kept.sort_by(|a, b| a.path.cmp(&b.path));
    let mut hash = Sha256::new();
    for file in kept {
        for part in [&file.path, &file.text] {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part.as_bytes());
        }
    }
    hash.finalize()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}
