//! Rule books with a mistake: refused, with the file, the line, a code, and a hint where one helps.
//!
//! Each row takes the shipped files, changes one place and names what must be
//! said about it. Nothing here panics the loader, and nothing loads.

use preventiojyraa_core::rulebook::{Diagnostic, RuleFile, Rulebook, Severity};

use crate::support::core::rule_files;

pub(super) const SCORE: &str = "scores/findrisc.toml";
pub(super) const MEASUREMENTS: &str = "facts/measurements.toml";
pub(super) const DEFINITIONS: &str = "facts/definitions.toml";
pub(super) const FAMILY: &str = "facts/family.toml";
const GLYCAEMIA: &str = "thresholds/glycaemia-finland.toml";
pub(super) const STEPWISE: &str = "pathways/stepwise.toml";
pub(super) const FORM: &str = "calibrations/findrisc-form.toml";
pub(super) const HUNT3: &str = "calibrations/findrisc-hunt3-2019.toml";
pub(super) const MAISA: &str = "questionnaires/maisa-t2d.toml";
pub(super) const PROGRAMME: &str = "programmes/type-2-diabetes.toml";

/// Where a mistake is reported: the top of the file.
const TOP: &str = "";
/// No hint expected.
const NO_HINT: &str = "";

/// A change to a shipped file, and what is said about it.
struct Mistake<'a> {
    path: &'a str,
    find: &'a str,
    replace: &'a str,
    code: &'a str,
    /// The reported line: the nearest at or above the change that has this text.
    at: &'a str,
    /// Part of the hint.
    hint: &'a str,
}

/// The shipped files with the first `find` of one of them replaced, and where the change ends.
#[track_caller]
pub(super) fn edited(path: &str, find: &str, replace: &str) -> (Vec<RuleFile>, usize) {
    let mut files = rule_files();
    let file = files
        .iter_mut()
        .find(|file| file.path == path)
        .expect("a shipped file");
    let at = file.text.find(find);
    let at = at.unwrap_or_else(|| panic!("`{path}` has no `{find}`: adapt the test"));
    file.text.replace_range(at..at + find.len(), replace);
    (files, at + replace.len())
}

/// All mistakes after one change; empty when the rules load.
#[track_caller]
pub(super) fn mistakes_after(path: &str, find: &str, replace: &str) -> Vec<Diagnostic> {
    Rulebook::load(&edited(path, find, replace).0)
        .err()
        .unwrap_or_default()
}

#[track_caller]
fn check(mistake: &Mistake<'_>) {
    let Mistake {
        path,
        find,
        replace,
        code,
        at,
        hint,
    } = mistake;
    let (files, end) = edited(path, find, replace);
    let mistakes = Rulebook::load(&files).err().unwrap_or_default();
    let text = &files
        .iter()
        .find(|file| file.path == *path)
        .expect("a shipped file")
        .text;
    let line = line_at_or_above(text, end, at);
    let found = mistakes
        .iter()
        .find(|m| m.file == *path && m.line == line && m.code == *code);
    let all: Vec<String> = mistakes.iter().map(Diagnostic::to_string).collect();
    let found = found.unwrap_or_else(|| {
        panic!(
            "{path}: no `{code}` in line {line} after `{replace}`, but:\n{}",
            all.join("\n")
        )
    });
    assert_eq!(found.severity, Severity::Error);
    assert!(!found.message.ends_with('.') && 0 < found.column, "{found}");
    let given = found.hint.as_deref().unwrap_or(NO_HINT);
    assert!(
        given.contains(hint) && given.is_empty() == hint.is_empty(),
        "{found}"
    );
}

fn line_at_or_above(text: &str, end: usize, at: &str) -> usize {
    let start = if at == TOP {
        0
    } else {
        text[..end].rfind(at).expect("`at` is in the file")
    };
    text[..start].matches('\n').count() + 1
}

/// One line per change: `find → replace | code | at | hint`.
///
/// `∅` is nothing, `\n` a line break, `TOP` the top of the file.
#[track_caller]
fn check_all(path: &str, table: &str) {
    for line in table.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let text = |cell: &str| cell.trim().replace("\\n", "\n").replace('∅', "");
        let (find, rest) = line.split_once(" → ").expect("find → replace");
        let cells: Vec<&str> = rest.split('|').map(str::trim).collect();
        let [replace, code, at, hint] = cells[..] else {
            panic!("four cells: {line}")
        };
        let at = if at == "TOP" { TOP } else { at };
        check(&Mistake {
            path,
            find: &text(find),
            replace: &text(replace),
            code,
            at,
            hint,
        });
    }
}

#[test]
fn bands_that_do_not_cover_the_line_once_are_refused() {
    check_all(
        SCORE,
        r#"
        { from = 25, to = 30, points = 1 } → { from = 24, to = 30, points = 1 }             | band-overlap  | { from = 24  |
        { from = 25, to = 30, points = 1 } → { from = 26, to = 30, points = 1 }             | band-gap      | { from = 26  |
        { from = 25, to = 30, points = 1 } → { above = 25, to = 30, points = 1 }            | band-gap      | { above = 25 |
        { above = 30, points = 3 } → { from = 30, points = 3 }                              | band-overlap  | { from = 30  |
        { above = 30, points = 3 } → { points = 3 }                                         | band-overlap  | { points = 3 |
        { above = 30, points = 3 } → { above = 30, to = 99, points = 3 }                    | band-gap      | { above = 30 |
        { from = 25, to = 30, points = 1 } → { from = 25, to = 20, points = 1 }             | band-empty    | { from = 25  |
        { from = 25, to = 30, points = 1 } → { from = 25, below = 25, points = 1 }          | band-empty    | { from = 25  |
        { below = 25, → { from = 5, below = 25,                                             | band-gap      | { from = 5   |
        { from = 25, to = 30, points = 1 } → { from = 25, above = 25, to = 30, points = 1 } | band-two-ends | above = 25   |
        from = 7\nbelow = 12 → from = 8\nbelow = 12                                         | band-gap      | [[class]]    |
        "#,
    );
    check_all(
        FORM,
        r#"
        below = 12\nprobability = 0.04\n[[band]] → below = 13\nprobability = 0.04\n[[band]] | band-overlap      | [[band]] |
        probability = 0.5 → probability = 1.5                                               | probability-range | 1.5      |
        probability = 0.5 → probability = -0.1                                              | probability-range | -0.1     |
        "#,
    );
}

#[test]
fn a_slip_of_the_pen_is_met_with_the_nearest_word() {
    check_all(
        SCORE,
        r#"
        unit = "cm" → unit = "cms"                                             | unit-unknown-in-rule | cms                 | mean `cm`
        unit = "cm" → unit = "furlong"                                         | unit-unknown-in-rule | furlong             | mmol/mol
        resolve = "latest" → reslove = "latest"                                | rule-unknown-key     | reslove             | mean `resolve`
        resolve = "latest" → resolve = "lates"                                 | rule-unknown-word    | lates               | mean `latest`
        fact = "waist-circumference" → fact = "waist-circumferense"            | fact-unknown         | waist-circumferense | mean `waist-circumference`
        answer = "daily", means → answer = "dayly", means                      | answer-unknown       | dayly               | mean `daily`
        means = "daily" → means = "dayly"                                      | answer-unknown       | dayly               | mean `daily`
        title =  → titel =                                                     | rule-unknown-key     | titel               | mean `title`
        [source] → [sauce]                                                     | rule-unknown-key     | [sauce]             | mean `source`
        "#,
    );
    check_all(
        DEFINITIONS,
        r#"
        category_at_least = "intermediate" → category_at_least = "intermediat" | rule-unknown-word | intermediat | mean `intermediate`
        shows = "doubtful" → shows = "doubtfull" | rule-unknown-word | doubtfull | mean `doubtful`
        standing = "established" → standing = "estabished" | rule-unknown-word | estabished | mean `established`
        { definition = "already-diabetic" → { definition = "already-diabetik" | definition-unknown | diabetik" | mean `already-diabetic`
        "#,
    );
    check_all(
        MEASUREMENTS,
        r#"
        system = "loinc" → system = "loincs" | rule-unknown-word    | loincs | `loinc`
        system = "loinc" → system = "hl7"    | rule-unknown-word    | hl7    | snomed
        "kg/m2" = [ → "kg/m3" = [            | unit-unknown-in-rule | kg/m3  | mean `kg/m2`
        kind = "quantity" → kind = "number"  | rule-unknown-word    | number | answer
        "#,
    );
}

#[test]
fn what_must_be_there_is_missed_by_name() {
    check_all(
        SCORE,
        r#"
        [source] → [sauce]                                                        | rule-without-source         | TOP       | name author
        title =  → titel =                                                        | rule-missing-key            | [source]  |
        id = "findrisc"\n → ∅                                                     | rule-missing-key            | TOP       |
        why = "The form → way = "The form                                         | rule-missing-key            | TOP       |
        limits = [ → limit = [                                                    | rule-missing-key            | TOP       |
        author = "Tuomilehto J, Lindström J" → author = ""                        | rule-empty                  | author    |
        verified = false, why = "how old a BMI may be, and → verified = false, whi = "how old a BMI may be, and | rule-missing-key            | freshness |
        no_evidence = "Only → no_evidense = "Only                                 | item-without-evidence-of-no | [[item]]  |
        from_facts = [{ fact = "waist-circumference", within_months = 60 }]\n → ∅ | item-without-facts          | [[item]]  |
          { fact = "vegetables-answer", answer = "every-day", means = "every-day", within_months = 60 },\n → ∅ | item-answer-without-signal  | [[item]]  |
        "#,
    );
    check_all(
        GLYCAEMIA,
        r#"
        verified = false\nwhy = "no published limit was found for the programme; a draft for the medical lead to set" → verified = false | rule-missing-key | [[critical]] |
        "#,
    );
    check_all(
        PROGRAMME,
        r#"
        model = "findrisc"\n → ∅                            | rule-missing-key | [programme]    |
        codes = ["091"], verified = false → codes = ["091"] | rule-missing-key | municipalities |
        "#,
    );
}

#[test]
fn a_value_of_the_wrong_type_is_named() {
    check_all(
        SCORE,
        r#"
        max = 26 → max = "26"                                     | rule-wrong-type | max      |
        max = 26 → max = 26.0                                     | rule-wrong-type | max      |
        max = 26 → max = 4000000000                                    | rule-wrong-type | max      |
        { above = 30, points = 3 } → { above = nan, points = 3 }  | rule-wrong-type | nan      |
        { above = 30, points = 3 } → { above = inf, points = 3 }  | rule-wrong-type | inf      |
        { above = 30, points = 3 } → { above = 30, points = "3" } | rule-wrong-type | "3"      |
        limits = [ → limits = [7,                                 | rule-wrong-type | limits   |
        verified = true → verified = 1                            | rule-wrong-type | verified |
        "#,
    );
    check_all(
        MEASUREMENTS,
        r#"
        "kg/m2" = [10, 90] → "kg/m2" = [90, 10] | rule-wrong-type | kg/m2 |
        "#,
    );
    check_all(
        MAISA,
        r#"
        kylla = "daily" → kylla = "x" | rule-wrong-type | kylla |
        "#,
    );
}

#[test]
fn a_syntax_error_is_placed() {
    check_all(
        SCORE,
        r#"
        max = 26 → max = 26\n[[       | rule-syntax | [[       |
        max = 26 → max =              | rule-syntax | max      |
        max = 26 → max = 26\nmax = 27 | rule-syntax | max = 27 |
        "#,
    );
}

#[test]
fn what_is_there_twice_is_refused() {
    check_all(
        SCORE,
        r#"
        id = "waist-circumference" → id = "body-mass-index" | item-twice | TOP |
        "#,
    );
    check_all(
        MEASUREMENTS,
        r#"
        id = "body-height"\nname → id = "body-weight"\nname | fact-twice | [[fact]] |
        "#,
    );
    check_all(
        FAMILY,
        r#"
        ["FTH",  → ["FTH", "FTH",  | fact-code-twice | [[relatives]] |
        "#,
    );
    check_all(
        GLYCAEMIA,
        r#"
        unit = "mg/dL" → unit = "mmol/L" | test-twice | [[test]] |
        "#,
    );
    check_all(
        STEPWISE,
        r#"
        id = "deceased" → id = "born-later" | row-twice | born |
        "#,
    );
    check_all(
        MAISA,
        r#"
        link_id = "paino" → link_id = "pituus" | item-twice | [[item]] |
        "#,
    );
}

#[test]
fn numbers_that_do_not_fit_together_are_refused() {
    check_all(
        SCORE,
        r#"
        max = 26 → max = 27                   | model-range  | [range]     |
        min = 0 → min = 1                     | model-range  | [range]     |
        points = 0, reads → points = 3, reads | item-answers | answers = [ |
        unit = "a" → unit = "cm"              | item-unit    | unit        |
        "#,
    );
    check_all(
        STEPWISE,
        r#"
        below = 120 → below = 18 | ages-empty | [ages] |
        "#,
    );
    check_all(
        MAISA,
        r#"
        unit = "cm" → unit = "kg" | item-unit | unit |
        "#,
    );
    check_all(
        GLYCAEMIA,
        r#"
        unit = "mg/dL" → unit = "%" | test-without-bands | TOP |
        [[critical]]\nfact = "fasting-plasma-glucose" → [[critical]]\nfact = "body-weight" | critical-without-test | [[critical]] |
        "#,
    );
}

#[test]
fn a_pathway_that_leaves_a_hole_or_a_dead_row_is_refused() {
    check_all(
        STEPWISE,
        r#"
        { lot = "not-drawn" }, → { lot = "drawn" },                              | row-gap                | TOP     |
        { lot = "not-drawn" }, → { lot = "drawn" },                              | row-overlap            | [[row]] |
        { score = "below" }, { lot = "not-drawn" }, → { score = "below" },       | row-overlap            | [[row]] |
        "offered-prevention", "closed"] → "offered-prevention"]                  | row-gap                | TOP     |
        { condition = "open-to-a-question" } → { condition = "open-to-a-question" }, { score = "below" } | row-unreachable | [[row]] |
        { condition = "open-to-a-question" } → { condition = "open-to-questions" } | condition-unknown    | open-to-questions | open-to-a-question
        { lot = "not-drawn" }, → { lot = "not-drown" },                          | rule-unknown-word      | drown   | not-drawn
        { episode = "order → { episode = "ordre                                  | rule-unknown-word      | ordre   | ordered
        when = { register = "deceased" } → when = { register = "not-yet-born" }  | row-unreachable        | [[row]] |
        next = "task"\nreview = { priority = "urgent", within_days = 7 }\n → next = "task"\n | row-task-without-owner | [[row]] |
        state = "deceased"\n → ∅                                                 | row-outcome            | [[row]] |
        state = "deceased" → state = "dead"                                      | rule-unknown-word      | dead    | deceased
        recall_months = 12\n → ∅                                                 | rule-missing-key       | [[row]] |
        tests = ["fasting-plasma-glucose", "hba1c"]\n → ∅                        | row-test               | [[row]] |
        "hba1c"] → "hba1c-point-of-care"]                                        | row-test               | tests   |
        "hba1c"] → "hba2c"]                                                      | fact-unknown           | tests   | mean `hba1c`
        { fact = "pregnancy" → { fact = "hba1c"                                  | row-condition          | hba1c   |
        all = [{ register = "male" }, { fact = "pregnancy", current = true, within_months = 10 }] → all = [{ register = "male" }] | row-condition | all = |
        all = [{ register = "male" }, { fact = "pregnancy", current = true, within_months = 10 }] → all = [] | row-condition | all = |
        { newest = "hba1c", below → { newest = "hba2c", below                    | fact-unknown           | hba2c   | mean `hba1c`
        shows = "certain" }\nstate → shows = "sure" }\nstate                    | rule-unknown-word      | sure    | certain
        expires_after_months = 10 → expires_after_months = 9                     | exclusion-dates        | exclusion |
        never_expires = true, verified → verified                                | exclusion-dates        | exclusion |
        review_after_months = 36, never → never                                  | exclusion-dates        | exclusion |
        exclusion = { evidence = "the population register", author = "medical lead (draft)", seen_anew_each_run = true }\n → ∅ | row-exclusion | [[row]] |
        contradiction = true\nsays = "is passed over → says = "is passed over    | row-outcome            | [[row]] |
        contradiction = true\nsays = "is passed over → contradiction = true\nstate = "asked"\nnext = "ask"\nsays = "is passed over | row-outcome | [[row]] |
        [intervals] → [[row]]\nid = "late"\nwhen = { fact = "pregnancy" }\nstate = "concluded"\nnext = "nothing"\nsays = "is late"\n[intervals] | row-unreachable | [[row]] |
        { register = "elsewhere" } → { }                                         | row-condition          | when    |
        { register = "elsewhere" } → { register = "elsewhere", score = "below" } | rule-unknown-key       | when    | register
        "#,
    );
}

#[test]
fn definitions_vocabularies_and_policies_that_do_not_hold_are_refused() {
    check_all(
        DEFINITIONS,
        r#"
        standing = "established", ever = true, → standing = "established",       | definition-look-back | { fact |
        ever = true, shows → ever = true, within_months = 12, shows              | definition-look-back | { fact |
        id = "high-glucose-ever" → id = "already-diabetic"                       | definition-twice     | [[definition]] |
        fact = "high-glucose-answer", answer = "yes" → fact = "high-glucose-answer" | signal-test       | { fact |
        "#,
    );
    check_all(
        MEASUREMENTS,
        r#"
        look_back = "ever"\n → ∅                     | fact-look-back     | [[fact]] |
        look_back = "ever" → look_back = "never"     | rule-unknown-word  | never    | ever
        "#,
    );
    check_all(
        SCORE,
        r#"
        within_months = 60 → within_months = 121 | look-back-exceeded | within_months |
        "#,
    );
    check_all(
        "facts/lifestyle-service.toml",
        r#"
        accepted = "accepted", rejected → accepted = "maybe", rejected | rule-wrong-type | statuses     |
        [[progress]]\nfact = "lifestyle-service" → [[progress]]\nfact = "hba1c" | progress-fact | fact = |
        "#,
    );
    check_all(
        PROGRAMME,
        r#"
        message = "offer-prevention" → message = "normal-result"    | offer-message     | message      |
        fact = "lifestyle-service" → fact = "family-history-answer" | offer-answers     | fact         | declined
        fact = "lifestyle-service" → fact = "lifestyle"             | fact-unknown      | fact         | lifestyle-service
        form = "programme-lifestyle-offer" → form = "programme-offer" | rule-not-found  | form         | programme-lifestyle-offer
        "#,
    );
    check_all(
        "facts/code-systems.toml",
        r#"
        system = "icpc-2" → system = "icd-10" | code-system-twice | [[code_system]] |
        "#,
    );
    check_all(
        "facts/laboratories.toml",
        r#"
        id = "fimlab" → id = "huslab"                            | laboratory-twice | [[laboratory]] |
        performers = ["Nordlab"] → performers = ["HUSLAB"]       | laboratory-twice | [[laboratory]] |
        "#,
    );
    check_all(
        "facts/unmapped.toml",
        r#"
        largest_share = 0.05 → largest_share = 1.05 | unmapped-limit | largest_share |
        times = 5 → times = 1                       | unmapped-limit | times         |
        "#,
    );
    check_all(
        "facts/laboratory.toml",
        r#"
        laboratory = "fimlab", verified → laboratory = "fimlap", verified                        | laboratory-unknown  | codes = [ | mean `fimlab`
        laboratory = "fimlab", verified → laboratory = "huslab", verified                        | fact-code-twice     | [[fact]]  |
        { system = "kuntaliitto", code = "1483", laboratory = "huslab" } → { system = "kuntaliitto", code = "1483" } | fact-code-ambiguous | [[fact]] |
        "#,
    );
    check_all(
        "orders/laboratory.toml",
        r#"
        laboratory = "huslab" → laboratory = "huslap" | laboratory-unknown | huslap    | mean `huslab`
        laboratory = "fimlab" → laboratory = "huslab" | order-twice        | [[order]] |
        "#,
    );
    check_all(
        GLYCAEMIA,
        r#"
        { from = 42, below = 48, is = "inter → { from = 43, below = 48, is = "inter | band-gap             | { from = 43 |
        in_force = false → in_farce = false                                        | rule-missing-key     | [[policy]]  |
        source = "WHO gives → why_not = "WHO gives                                 | policy-verified      | [[policy]]  |
        single_suffices = "ogtt-2h-plasma-glucose" → single_suffices = "hba1c-point-of-care" | policy-test | [[policy]] |
        id = "ogtt-single-suffices" → id = "hba1c-42-47-intermediate"              | policy-twice         | [[policy]]  |
        when = "one-alone" → when = "one-against-another"                          | confirmation-gap     | [confirmation] |
        when = "one-alone" → when = "one-against-another"                          | confirmation-overlap | [confirmation] |
        asks = "repeat-the-abnormal" → asks = "repeat"                             | rule-unknown-word    | repeat      | conclude
        "#,
    );
}

#[test]
fn codes_and_relatives_that_mean_nothing_are_refused() {
    check_all(
        MEASUREMENTS,
        r#"
        code = "39156-5" → code = " 39156-5"                  | fact-code | 39156  |
        code = "39156-5" → code = "1", prefix = "2"           | fact-code | prefix |
        system = "loinc", code = "39156-5" → system = "loinc" | fact-code | codes  |
        "#,
    );
    check_all(
        FAMILY,
        r#"
        fact = "family-history-first-degree" → fact = "family-history-first-degre" | fact-unknown | degre" | mean `family-history-first-degree`
        "#,
    );
}

#[test]
fn a_programme_that_names_rules_that_are_not_there_is_refused() {
    check_all(
        PROGRAMME,
        r#"
        model = "findrisc" → model = "findrisk" | rule-not-found   | model               | `findrisc`
        model = "findrisc" → model = "ada"      | rule-not-found   | model               | findrisc
        "findrisc-confirmed-12-months" → "x"    | rule-not-found   | calibration         | months
        "findrisc-hunt3-2019" → "x"             | rule-not-found   | display_calibration | hunt3
        "glycaemia-finland" → "x"               | rule-not-found   | thresholds          | finland
        "stepwise" → "x"                        | rule-not-found   | pathway             | stepwise
        [programme] → [programme]\nthing = 1    | rule-unknown-key | thing               | model
        "#,
    );
    let for_another_model = mistakes_after(HUNT3, "model = \"findrisc\"", "model = \"ada\"");
    let level_out_of_range = mistakes_after(STEPWISE, "points = 12", "points = 27");
    for mistakes in [for_another_model, level_out_of_range] {
        let found: Vec<_> = mistakes.iter().map(|m| (m.file.as_str(), m.code)).collect();
        assert_eq!(found, [(PROGRAMME, "programme-mismatch")]);
    }
}
