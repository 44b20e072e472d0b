//! Look back at words: who was sent what a faulty text or order code said.
//!
//! What an act says is put together again from its order, by the rules that its words are of and by the
//! corrected ones; whoever was sent other words than they should have been was affected. The bytes
//! themselves are not kept once they have arrived: what the rules give for them is compared.

use std::collections::{BTreeMap, BTreeSet};

use super::look_back::{Correction, Held};
use super::look_back_document::{WordedOtherwise, Words, WordsLookBack};
use super::seen::Books;
use super::{DataFolder, StepError};
use crate::delivery::Route;
use crate::fhir;
use crate::ledger::{WordedBy, WordedOrder};
use crate::orders::{Action, Order};
use crate::rulebook::{CodeSystem, Language, Rulebook, TextValues};

/// Finds whose orders, messages and requests a faulty text or order code went into.
pub(super) fn look_back(
    data: &DataFolder,
    rule: &str,
    from: &str,
    correction: &Correction,
) -> Result<WordsLookBack, StepError> {
    let mut looked = WordsLookBack {
        rule: rule.to_owned(),
        from: from.to_owned(),
        corrected: correction.version.clone(),
        orders: 0,
        residents: 0,
        not_on_record: 0,
        not_kept: 0,
        not_ordered: 0,
        not_worded: 0,
        acts: BTreeMap::new(),
        affected: Vec::new(),
    };
    let mut books = Books::default();
    let mut judged: BTreeMap<String, Judged> = BTreeMap::new();
    let mut residents = BTreeSet::new();
    for sent in data.ledger.worded()? {
        let Some(by) = &sent.by else {
            looked.not_on_record += 1;
            continue;
        };
        if !judged.contains_key(&by.rules) {
            let judgement = judge(data, &mut books, &by.rules, rule, correction)?;
            judged.insert(by.rules.clone(), judgement);
        }
        let (version, own, corrected) = match &judged[&by.rules] {
            Judged::NotKept => {
                looked.not_kept += 1;
                continue;
            }
            Judged::NotOrdered => {
                looked.not_ordered += 1;
                continue;
            }
            Judged::Right => continue,
            Judged::Faulty(faulty) => (&faulty.version, &faulty.own, &faulty.corrected),
        };
        looked.orders += 1;
        let Some(was) = words(own, &sent, by) else {
            looked.not_worded += 1;
            continue;
        };
        // What the corrected rules have no words for should not have left as it did.
        let should_be = words(corrected, &sent, by).unwrap_or_default();
        if was == should_be {
            continue;
        }
        residents.insert(sent.order.resident);
        let (action, state) = (sent.order.action.name(), sent.delivery.name());
        *looked.acts.entry(format!("{action}: {state}")).or_default() += 1;
        let only_in = |some: &[Words], others: &[Words]| -> Vec<Words> {
            let different = some.iter().filter(|words| !others.contains(words));
            different.cloned().collect()
        };
        looked.affected.push(WordedOtherwise {
            resident: sent.order.resident.to_string(),
            round: sent.order.round,
            action,
            way: sent.way.map(Route::name),
            state: state.to_owned(),
            version: version.clone(),
            at: sent.at.clone(),
            was: only_in(&was, &should_be),
            should_be: only_in(&should_be, &was),
        });
    }
    looked.residents = residents.len() as u64;
    if looked.orders == 0 && looked.is_whole() {
        return Err(StepError::NothingLeftBy {
            rule: rule.to_owned(),
            from: from.to_owned(),
            corrected: looked.corrected,
        });
    }
    Ok(looked)
}

/// What a rule book is to the looking back.
enum Judged {
    /// Its rules are not kept, are damaged, or are not readable by this program.
    NotKept,
    /// It holds the rule at a version without a place among the others.
    NotOrdered,
    /// It does not hold a faulty version.
    Right,
    /// It does.
    Faulty(Box<Faulty>),
}

struct Faulty {
    version: String,
    own: Rulebook,
    corrected: Rulebook,
}

fn judge(
    data: &DataFolder,
    books: &mut Books,
    fingerprint: &str,
    rule: &str,
    correction: &Correction,
) -> Result<Judged, StepError> {
    let Ok(own) = books.of(data, fingerprint)? else {
        return Ok(Judged::NotKept);
    };
    Ok(match correction.held(&own, rule) {
        Held::No => Judged::Right,
        Held::NotOrdered => Judged::NotOrdered,
        Held::Faulty { path, version } => {
            let corrected = correction.in_place(&own, &path)?;
            Judged::Faulty(Box::new(Faulty {
                version,
                own,
                corrected,
            }))
        }
    })
}

/// What rules give for the words of an act; nothing where they do not give all of them.
fn words(rulebook: &Rulebook, sent: &WordedOrder, by: &WordedBy) -> Option<Vec<Words>> {
    let (order, way) = (&sent.order, sent.way);
    let codes = codes(rulebook, order, by)?;
    let name = codes.first().map(|(_, display)| display.clone());
    let says_codes = match (&order.action, way) {
        // At these the other side's own order is changed; a list names nobody's work by hand.
        (
            Action::Cancel { .. },
            Some(Route::ServiceRequest | Route::ScoreObservation | Route::Communication),
        )
        | (_, Some(Route::Worklist | Route::Task | Route::Outreach)) => false,
        (
            _,
            None
            | Some(
                Route::ServiceRequest
                | Route::Communication
                | Route::ScoreObservation
                | Route::Hl7v2
                | Route::List,
            ),
        ) => true,
    };
    let mut words = Vec::new();
    if says_codes {
        words.extend(codes.into_iter().map(|(code, display)| Words {
            of: "code".to_owned(),
            said: format!("{code} {display}"),
        }));
    }
    match way {
        None | Some(Route::Communication | Route::Task | Route::Outreach) => {
            words.extend(texts(rulebook, sent, by, name.as_deref())?);
        }
        Some(
            Route::ServiceRequest
            | Route::ScoreObservation
            | Route::Hl7v2
            | Route::List
            | Route::Worklist,
        ) => {}
    }
    Some(words)
}

/// The codes of the test of an act, with their names, the laboratory's own first.
fn codes(rulebook: &Rulebook, order: &Order, by: &WordedBy) -> Option<Vec<(String, String)>> {
    let (Action::Laboratory { test } | Action::Cancel { test, .. }) = &order.action else {
        return Some(Vec::new());
    };
    let test = rulebook.catalogue.find(test)?;
    let vocabulary = &rulebook.catalogue.vocabulary;
    let laboratory = match by.laboratory.as_deref() {
        Some(name) => Some(vocabulary.laboratory(name)?),
        None => None,
    };
    let codes = rulebook.order_codes.of(test, laboratory).iter();
    let shown = codes.map(|code| {
        let system = CodeSystem::NAMES
            .iter()
            .find(|(_, one)| *one == code.system);
        let system = system.map_or("", |(name, _)| name);
        (format!("{system}|{}", code.code), code.display.clone())
    });
    let shown: Vec<_> = shown.collect();
    // Nothing leaves about a test that has no code.
    (!shown.is_empty()).then_some(shown)
}

/// What is read by whom the act is for, in the language in which it was written.
fn texts(
    rulebook: &Rulebook,
    sent: &WordedOrder,
    by: &WordedBy,
    test: Option<&str>,
) -> Option<Vec<Words>> {
    let order = &sent.order;
    let action = &order.action;
    let mut ids = Vec::new();
    let language = if action.is_for_resident() {
        let known = sent.language.as_deref().and_then(Language::of);
        let [(_, first), others @ ..] = &Language::NAMES;
        if known.is_none() {
            ids.extend(others.iter().map(|(_, other)| (*other, "other-languages")));
        }
        known.unwrap_or(*first)
    } else {
        Language::of(&by.language)?
    };
    ids.insert(0, (language, action.text()));
    if sent.way == Some(Route::Outreach) {
        ids.push((language, fhir::WITHOUT_PORTAL));
    }
    let values = TextValues {
        recall_on: order.recall_on,
        due: Some(order.due),
        test,
        ..TextValues::default()
    };
    let mut words = Vec::new();
    for (language, id) in ids {
        let text = rulebook.texts.message(language, id, values)?;
        words.push(Words {
            of: format!("text {id} in {}", language.code()),
            said: format!("{}\n{}", text.subject, text.text),
        });
    }
    if !action.is_for_resident() {
        return Some(words);
    }
    for id in &order.asks {
        let item = rulebook.model.item(id)?;
        let about = rulebook.form().map(|form| form.questions_about(item));
        for (link_id, _) in about.into_iter().flatten() {
            let text = rulebook.texts.question(language, link_id)?;
            let answers: Vec<&str> = text.answers.values().map(String::as_str).collect();
            let asked = Words {
                of: format!("question {link_id} in {}", language.code()),
                said: format!("{}\n{}", text.text, answers.join("\n")),
            };
            // Several items may need the same answer.
            if !words.contains(&asked) {
                words.push(asked);
            }
        }
    }
    Some(words)
}
