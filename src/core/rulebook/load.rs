//! From rule files to a rule book, or to all their mistakes.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use sha2::{Digest, Sha256};
use toml::Spanned;
use toml::de::DeTable;

use super::catalogue::Catalogue;
use super::catalogue_read;
use super::fit::{Parts, in_region, prove_region};
use super::folder::{prove_texts, set_of, texts_of, which};
use super::header::{Header, NO_VERSION};
use super::ladder;
use super::programme::PROGRAMME_ID;
use super::reader::{Document, Findings, Table};
use super::texts_proof;
use super::vocabulary::Vocabulary;
use super::{
    Calibration, Diagnostic, Model, OrderCodes, Pathway, Programme, Questionnaire, RuleFile,
    RuleName, Rulebook, TextFile, Texts, Thresholds,
};

/// A file with its parsed text.
pub(super) struct Parsed<'a> {
    pub(super) document: Document<'a>,
    pub(super) table: Spanned<DeTable<'a>>,
}

/// Rules of one kind, each with the place of its file among all.
pub(super) type Shelf<T> = Vec<(usize, T)>;

/// Everything read from the files, whatever programmes use of it.
#[derive(Default)]
struct Shelves {
    programmes: Shelf<Programme>,
    models: Shelf<Model>,
    calibrations: Shelf<Calibration>,
    thresholds: Shelf<Thresholds>,
    pathways: Shelf<Pathway>,
    order_codes: Shelf<OrderCodes>,
    questionnaires: Shelf<Questionnaire>,
    texts: Shelf<TextFile>,
}

/// Where rule files come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    /// People wrote them just now.
    Written,
    /// They were kept with a run, perhaps by an older program: what was no mistake then is none.
    Kept,
}

/// What older programs let be, and what changes nothing about a decision.
const WAS_NO_MISTAKE: [&str; 3] = [NO_VERSION, PROGRAMME_ID, RULE_PATH];

/// What a file is called whose name no line of a manifest can hold.
const RULE_PATH: &str = "rule-path";

pub(super) fn load(
    files: &[RuleFile],
    wanted: Option<&str>,
    origin: Origin,
) -> Result<Rulebook, Vec<Diagnostic>> {
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
    prove_ids(&parsed);
    for file in &parsed {
        if file.document.file.path.chars().any(char::is_control) {
            let message = "the name of the file has a control character: no manifest can list it";
            file.document.report(0..0, RULE_PATH, message, None);
        }
    }
    let catalogue = read_catalogue(&parsed);
    let shelves = read_shelves(&parsed, &catalogue);
    prove_texts(&parsed, &shelves.texts);
    // Every programme is proved, whichever is wanted.
    let mut chosen: Vec<(Rulebook, BTreeSet<usize>)> = Vec::new();
    for (at, programme) in &shelves.programmes {
        chosen.extend(choose(&parsed, *at, programme, &shelves, &catalogue));
    }
    let wanted = which(&findings, &parsed, &shelves.programmes, wanted);
    let chosen = chosen
        .into_iter()
        .find(|(rulebook, _)| Some(&rulebook.programme.header.id) == wanted.as_ref());
    let named = chosen.map(|(rulebook, named)| {
        let paths = named
            .into_iter()
            .map(|at| parsed[at].document.file.path.clone());
        (rulebook, paths.collect::<BTreeSet<String>>())
    });
    let mut names = names(&parsed);
    drop(parsed);
    let (mut diagnostics, mut unverified) = findings.into_parts();
    diagnostics.retain(|found| match origin {
        Origin::Written => true,
        Origin::Kept => !WAS_NO_MISTAKE.contains(&found.code),
    });
    diagnostics.sort_by(|a, b| {
        (&a.file, a.line, a.column, a.code).cmp(&(&b.file, b.line, b.column, b.code))
    });
    // Programmes that share a rule find the same mistake in it.
    diagnostics.dedup();
    let Some((mut rulebook, named)) = named.filter(|_| diagnostics.is_empty()) else {
        return Err(diagnostics);
    };
    // Which facts are read decides as much as what is made of them.
    let is_part = |path: &str| decides_facts(path) || named.contains(path);
    unverified.retain(|entry| is_part(&entry.file));
    unverified.sort_by(|a, b| (&a.file, a.line).cmp(&(&b.file, b.line)));
    unverified.dedup();
    rulebook.unverified = unverified;
    let parts = files.iter();
    let parts = parts.filter(|file| is_rule(file) && is_part(&file.path));
    let mut parts: Vec<RuleFile> = parts.cloned().collect();
    parts.sort_by(|a, b| a.path.cmp(&b.path));
    let programmes = shelves.programmes.iter();
    rulebook.programmes = programmes
        .map(|(_, programme)| programme.header.id.clone())
        .collect();
    names.retain(|name| is_part(&name.file));
    rulebook.names = names;
    rulebook.fingerprint = fingerprint(&parts);
    rulebook.files = parts.into();
    rulebook.facts_fingerprint = fingerprint_of(files, decides_facts);
    Ok(rulebook)
}

/// Whether a file decides which facts are read, for every programme of the folder alike.
fn decides_facts(path: &str) -> bool {
    path.starts_with("facts/") || path.starts_with("questionnaires/")
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
    let mut vocabulary = Vocabulary::default();
    for file in in_folder(parsed, "facts") {
        let root = Table::root(&file.document, &file.table);
        let _ = Header::read(&root);
        raw.push(catalogue_read::read_facts(&root));
        vocabulary.read(&root);
        root.finish();
    }
    catalogue_read::build(raw, vocabulary)
}

fn read_shelves(parsed: &[Parsed<'_>], catalogue: &Catalogue) -> Shelves {
    let mut shelves = Shelves::default();
    let mut ladders = Vec::new();
    for (at, file) in parsed.iter().enumerate() {
        let root = Table::root(&file.document, &file.table);
        let path = file.document.file.path.as_str();
        match path.split_once('/').map(|(folder, _)| folder) {
            Some("programmes") => {
                let programme = Programme::read(&root);
                shelves
                    .programmes
                    .extend(programme.map(|programme| (at, programme)));
            }
            Some("scores") if ladder::is_ladder(&root) => {
                ladders.extend(ladder::read(&root).map(|ladder| (at, ladder)));
            }
            Some("scores") => {
                let model = Model::read(&root, catalogue);
                shelves.models.extend(model.map(|model| (at, model)));
            }
            Some("calibrations") => {
                let calibration = Calibration::read(&root, catalogue);
                shelves.calibrations.extend(calibration.map(|read| (at, read)));
            }
            Some("thresholds") => {
                if let Some(thresholds) = Thresholds::read(&root, catalogue) {
                    thresholds.prove_units(&root, catalogue);
                    shelves.thresholds.push((at, thresholds));
                }
            }
            Some("pathways") => {
                let pathway = Pathway::read(&root, catalogue);
                shelves.pathways.extend(pathway.map(|pathway| (at, pathway)));
            }
            Some("orders") => {
                let codes = OrderCodes::read(&root, catalogue);
                shelves.order_codes.extend(codes.map(|codes| (at, codes)));
            }
            Some("questionnaires") => {
                let form = Questionnaire::read(&root, catalogue);
                let is_known = |form: &Questionnaire| {
                    let mut others = shelves.questionnaires.iter();
                    others.any(|(_, other)| other.canonical == form.canonical)
                };
                if form.as_ref().is_some_and(is_known) {
                    let message = "another file maps the same form";
                    root.report_at("questionnaire", "form-twice", message, None);
                }
                shelves.questionnaires.extend(form.map(|form| (at, form)));
            }
            Some("texts") => {
                if set_of(file).is_none() {
                    let message = "texts lie in the folder of their set, `texts/SET/LANGUAGE.toml`";
                    root.document.report(0..0, "text-without-set", message, None);
                }
                let texts = TextFile::read(&root);
                shelves.texts.extend(texts.map(|texts| (at, texts)));
            }
            Some("facts") => {}
            _ => root.document.report(
                0..0,
                "rule-file-unknown",
                "this file belongs to no folder of rules",
                Some(
                    "folders: programmes, scores, calibrations, thresholds, pathways, orders, facts, questionnaires, texts"
                        .to_owned(),
                ),
            ),
        }
    }
    // A ladder names models of other files, so it is built when all of them are read.
    let models: Vec<Model> = shelves
        .models
        .iter()
        .map(|(_, model)| model.clone())
        .collect();
    let built: Shelf<Model> = ladders
        .into_iter()
        .filter_map(|(at, raw)| Some((at, ladder::build(raw, &models)?)))
        .collect();
    shelves.models.extend(built);
    shelves
}

/// Takes off the shelves what a programme names, and says which files those are.
fn choose(
    parsed: &[Parsed<'_>],
    at: usize,
    programme: &Programme,
    shelves: &Shelves,
    catalogue: &Catalogue,
) -> Option<(Rulebook, BTreeSet<usize>)> {
    let file = &parsed[at];
    let root = Table::root(&file.document, &file.table);
    let programme = programme.clone();
    prove_name(&root, &programme);
    let table = root.table("programme")?;
    let mut named = BTreeSet::from([at]);
    let mut take = Taking {
        table: &table,
        named: &mut named,
    };
    let model = take.rule("model", &programme.model, &shelves.models, |m| &m.header);
    for rung in model.iter().flat_map(|model| &model.rungs) {
        take.part(&rung.model.header.id, &shelves.models, |m| &m.header);
    }
    let models: Vec<Model> = shelves
        .models
        .iter()
        .map(|(_, model)| model.clone())
        .collect();
    let model = model.and_then(|model| in_region(&table, &programme, &model));
    prove_region(&table, &programme, &models);
    let display_calibration = programme.display_calibration.as_ref().map(|id| {
        take.rule("display_calibration", id, &shelves.calibrations, |c| {
            &c.header
        })
    });
    let calibration = take.rule(
        "calibration",
        &programme.calibration,
        &shelves.calibrations,
        |c| &c.header,
    );
    let thresholds = take.rule(
        "thresholds",
        &programme.thresholds,
        &shelves.thresholds,
        |t| &t.header,
    );
    let pathway = take.rule("pathway", &programme.pathway, &shelves.pathways, |p| {
        &p.header
    });
    let order_codes = take.rule("orders", &programme.orders, &shelves.order_codes, |o| {
        &o.header
    });
    let form = programme
        .form
        .as_ref()
        .map(|id| take.rule("form", id, &shelves.questionnaires, |form| &form.header));
    let (model, calibration, thresholds, pathway) = (model?, calibration?, thresholds?, pathway?);
    let order_codes = order_codes?;
    let display_calibration = match display_calibration {
        Some(found) => Some(found?),
        None => None,
    };
    Parts {
        model: &model,
        calibration: &calibration,
        display_calibration: display_calibration.as_ref(),
        thresholds: &thresholds,
        pathway: &pathway,
        order_codes: &order_codes,
        catalogue,
        asking: programme.asking.as_ref(),
    }
    .prove(&table);
    let offer_form = programme.offer.as_ref().and_then(|offer| {
        offer.prove(&root, &pathway, catalogue);
        let (table, named) = (&root.table("offer")?, &mut named);
        let mut take = Taking { table, named };
        take.rule("form", &offer.form, &shelves.questionnaires, |f| &f.header)
    });
    programme.prove_facts(catalogue, &table);
    let form = match form {
        Some(found) => Some(found?),
        None => None,
    };
    let set = programme.texts.as_deref();
    let texts = set.map_or_else(Vec::new, |set| texts_of(parsed, &shelves.texts, set));
    if let (Some(set), true) = (set, texts.is_empty()) {
        let message = format!("no texts lie in `texts/{set}`");
        table.report_at("texts", "rule-not-found", message, None);
    }
    named.extend(texts.iter().map(|(at, _, _)| *at));
    let texts: Vec<(Table<'_>, TextFile)> = texts
        .into_iter()
        .map(|(_, root, texts)| (root, texts))
        .collect();
    texts_proof::prove_pathway(&table, &pathway, &texts);
    texts_proof::prove_letters(&model, &texts);
    if let Some(form) = &form {
        texts_proof::prove_form(&table, form, (&model, catalogue));
    }
    let sent: Vec<&Questionnaire> = form.iter().chain(&offer_form).collect();
    texts_proof::prove_words(&table, &sent, &texts);
    let texts = Texts::new(texts.into_iter().map(|(_, texts)| texts));
    let questionnaires = shelves.questionnaires.iter();
    let rulebook = Rulebook {
        models,
        programme,
        texts,
        catalogue: catalogue.clone(),
        questionnaires: questionnaires.map(|(_, form)| form.clone()).collect(),
        model,
        calibration,
        display_calibration,
        thresholds,
        pathway,
        order_codes,
        unverified: Vec::new(),
        programmes: Vec::new(),
        files: Arc::default(),
        names: Vec::new(),
        fingerprint: String::new(),
        facts_fingerprint: String::new(),
    };
    Some((rulebook, named))
}

/// Every file calls itself as no other does: a rule is named, and found again later, by its id alone.
fn prove_ids(parsed: &[Parsed<'_>]) {
    let mut first: BTreeMap<&str, &str> = BTreeMap::new();
    let mut in_order: Vec<&Parsed<'_>> = parsed.iter().collect();
    in_order.sort_by_key(|file| &file.document.file.path);
    for file in in_order {
        let id = file.table.get_ref().get("id");
        let Some(id) = id.and_then(|id| id.get_ref().as_str()) else {
            continue;
        };
        let path = file.document.file.path.as_str();
        if let Some(other) = first.get(id) {
            let root = Table::root(&file.document, &file.table);
            let message = format!("`{path}` calls itself `{id}`, and so does `{other}`");
            let hint = "the id of a file is its own among all files of the folder".to_owned();
            root.report_at("id", "rule-twice", message, Some(hint));
        } else {
            first.insert(id, path);
        }
    }
}

/// A programme is called like its file: that is the name by which it is asked for.
fn prove_name(root: &Table<'_>, programme: &Programme) {
    let id = &programme.header.id;
    let path = format!("programmes/{id}.toml");
    if root.document.file.path != path {
        let message = format!("programme `{id}` belongs into `{path}`");
        root.report_at("id", "programme-name", message, None);
    }
}

/// Takes what the keys of a programme name, and remembers from which files.
struct Taking<'t, 'a> {
    table: &'t Table<'a>,
    named: &'t mut BTreeSet<usize>,
}

impl Taking<'_, '_> {
    /// Remembers the file of a rule that is part of one that was taken.
    fn part<T>(&mut self, id: &str, shelf: &Shelf<T>, header: impl Fn(&T) -> &Header) {
        let found = shelf.iter().find(|(_, rule)| header(rule).id == id);
        self.named.extend(found.map(|(at, _)| *at));
    }

    fn rule<T: Clone>(
        &mut self,
        key: &'static str,
        id: &str,
        shelf: &Shelf<T>,
        header: impl Fn(&T) -> &Header,
    ) -> Option<T> {
        let known: Vec<&str> = shelf
            .iter()
            .map(|(_, rule)| header(rule).id.as_str())
            .collect();
        let found = shelf.iter().find(|(_, rule)| header(rule).id == id);
        if found.is_none() {
            let message = format!("no {key} is called `{id}`, or its file has mistakes");
            let hint = Some(super::reader::suggest(id, &known));
            self.table.report_at(key, "rule-not-found", message, hint);
        }
        let (at, rule) = found?;
        self.named.insert(*at);
        Some(rule.clone())
    }
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
