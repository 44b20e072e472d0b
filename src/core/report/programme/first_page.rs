//! The first page: what a clinician can read aloud.

use jiff::civil::Date;

use super::super::phrases::date_phrase;
use super::Reported;
use crate::calibration::{Estimate, NotIdentifiable};
use crate::learning::{Arm, Flow, RoundLearning, Tested, flow};
use crate::rulebook::{Language, ScoreUnit};

/// The first page in one language: plain sentences.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FirstPage {
    /// What the report asks.
    pub title: String,
    /// How many were asked, tested and found; how often the programme is right.
    pub known: Vec<String>,
    /// The heading of what follows.
    pub not_known_title: String,
    /// What is not known.
    pub not_known: Vec<String>,
    /// What the program is not.
    pub closing: String,
}

impl FirstPage {
    /// The page as plain text.
    #[must_use]
    pub fn text(&self) -> String {
        format!(
            "{}\n\n{}\n\n{}\n\n{}\n\n{}\n",
            self.title,
            self.known.join("\n"),
            self.not_known_title,
            self.not_known.join("\n"),
            self.closing
        )
    }
}

/// The first page of a report.
#[must_use]
pub fn first_page(reported: &Reported, language: Language) -> FirstPage {
    let say = Say(language);
    let round = &reported.learning.first;
    let flow = flow(round);
    let (mut known, mut not_known) = (counted(say, reported, flow), Vec::new());
    precision(say, round, (&mut known, &mut not_known));
    probabilities(say, round, (&mut known, &mut not_known));
    missed(say, round, (&mut known, &mut not_known));
    not_known.push(say.one_of(
        "Tuloksissa oletetaan, että kokeissa käyneet ovat samanikäisten, samaa sukupuolta olevien ja samoja pisteitä saaneiden kaltaisia. Pitääkö tämä paikkansa, ei tiedetä.",
        "Resultaten förutsätter att de som kom till proverna liknar andra av samma ålder, kön och poäng. Om det stämmer är inte känt.",
        "It is taken for granted that those who came to the tests are like others of their age, sex and score. Whether they are is not known.",
    ));
    not_known.push(say.one_of(
        "Löydetyksi lasketaan vain ammattilaisen toteama sairaus. Kuinka monella se on toteamatta, ei tiedetä.",
        "Som funnen räknas bara sjukdom som en yrkesperson har fastställt. Hur många som har den utan att det är fastställt är inte känt.",
        "Only disease that a professional confirmed counts as found. How many have it unconfirmed is not known.",
    ));
    FirstPage {
        title: say.one_of(
            "Kuinka oikeassa seulonta on?",
            "Hur ofta har screeningen rätt?",
            "How often is the screening right?",
        ),
        known,
        not_known_title: say.one_of(
            "Mitä ei tiedetä",
            "Vad som inte är känt",
            "What is not known",
        ),
        not_known,
        closing: say.one_of(
            "Ohjelma ei ole sertifioitu lääkinnällinen laite. Ammattilainen päättää.",
            "Programmet är inte en certifierad medicinteknisk produkt. En yrkesperson avgör.",
            "This program is not a certified medical device. A professional decides.",
        ),
    }
}

/// Sentences in one language.
#[derive(Clone, Copy)]
struct Say(Language);

impl Say {
    fn one_of(self, finnish: &str, swedish: &str, english: &str) -> String {
        match self.0 {
            Language::Finnish => finnish,
            Language::Swedish => swedish,
            Language::English => english,
        }
        .to_owned()
    }

    fn day(self, day: Date) -> String {
        match self.0 {
            Language::Finnish | Language::Swedish => day.strftime("%-d.%-m.%Y").to_string(),
            Language::English => date_phrase(day),
        }
    }

    /// So many of a hundred, with one decimal.
    fn of_hundred(self, share: f64) -> String {
        let text = format!("{:.1}", share * 100.0);
        match self.0 {
            Language::Finnish | Language::Swedish => text.replace('.', ","),
            Language::English => text,
        }
    }

    /// A share with its interval, of a hundred: `8.4 (within chance, 5.9 to 11.8)`.
    fn with_limits(self, known: Estimate) -> String {
        let all = [known.value, known.lower, known.upper];
        self.within(all.map(|n| self.of_hundred(n)))
    }

    /// A ratio with its interval, in whole numbers for a hundred.
    fn for_hundred(self, known: Estimate) -> String {
        let all = [known.value, known.lower, known.upper];
        self.within(all.map(|n| format!("{:.0}", n * 100.0)))
    }

    fn within(self, [value, lower, upper]: [String; 3]) -> String {
        match self.0 {
            Language::Finnish => format!("{value} (sattuman rajoissa {lower}–{upper})"),
            Language::Swedish => format!("{value} (inom slumpens gränser {lower}–{upper})"),
            Language::English => format!("{value} (within chance, {lower} to {upper})"),
        }
    }

    /// Why a figure is not known.
    fn why(self, reason: NotIdentifiable) -> String {
        if reason.is_for_want_of_people() {
            return self.one_of(
                "tapauksia on liian vähän",
                "fallen är för få",
                "there are too few cases",
            );
        }
        if reason == NotIdentifiable::NobodyTestedBelowLevel {
            return self.one_of(
                "rajan alapuolelta ei ole tutkittu ketään arvalla valittua",
                "ingen under gränsen har testats efter lottdragning",
                "nobody below the level was drawn by lot and tested",
            );
        }
        self.one_of(
            "tulokset eivät riitä sen laskemiseen",
            "utfallen räcker inte för att räkna ut det",
            "the outcomes do not determine it",
        )
    }
}

fn counted(say: Say, reported: &Reported, flow: Flow) -> Vec<String> {
    let Flow {
        decided,
        flagged,
        drawn,
    } = flow;
    let as_of = say.day(reported.subject.as_of);
    let months = reported.learning.estimand.horizon_months;
    let learning = &reported.learning;
    let number = learning.unit.number(learning.action_level);
    let level = match (say.0, learning.unit) {
        (Language::Finnish, ScoreUnit::Points) => format!("{number} pistettä"),
        (Language::Swedish, ScoreUnit::Points) => format!("{number} poäng"),
        (_, ScoreUnit::PartsPerMillion) => format!("{number} %"),
        (Language::English, ScoreUnit::Points) => learning.unit.text(learning.action_level),
    };
    let mut all = vec![match say.0 {
        Language::Finnish => {
            format!("Ohjelma oli {as_of} mennessä tehnyt päätöksen {decided} asukkaasta.")
        }
        Language::Swedish => {
            format!("Programmet hade till och med {as_of} fattat beslut om {decided} invånare.")
        }
        Language::English => {
            format!("By {as_of} the programme had decided about {decided} residents.")
        }
    }];
    all.push(match say.0 {
        Language::Finnish => format!(
            "Heistä {} saavutti rajan ({level}), josta alkaen laboratoriokokeita pyydetään.",
            flagged.decided
        ),
        Language::Swedish => format!(
            "Av dem nådde {} gränsen ({level}) från vilken laboratorieprov begärs.",
            flagged.decided
        ),
        Language::English => format!(
            "{} of them reached the level ({level}) from which laboratory tests are asked for.",
            flagged.decided
        ),
    });
    if !reported.subject.has_acted {
        all.push(say.one_of(
            "Kokeita ei ole vielä pyydetty keneltäkään: ajot olivat harjoituksia, ja tutkitut on tutkittu muista syistä.",
            "Inga prov har ännu begärts av någon: körningarna var övningar, och de testade har testats av andra skäl.",
            "Nobody has been asked for tests yet: the runs were rehearsals, and whoever was tested was tested for other reasons.",
        ));
    }
    all.push(followed(say, months, flagged));
    let confirmed = flagged.confirmed;
    all.push(match say.0 {
        Language::Finnish => format!("Seuratuista {} kävi kaikissa kokeissa, ja heistä {confirmed} sai ammattilaiselta etsityn diagnoosin.", flagged.tested),
        Language::Swedish => format!("Av de uppföljda tog {} alla prov, och av dem fick {confirmed} den sökta diagnosen av en yrkesperson.", flagged.tested),
        Language::English => format!("Of those followed, {} had all tests, and a professional made the diagnosis that is looked for in {confirmed} of these.", flagged.tested),
    });
    if 0 < flagged.treated {
        all.push(match say.0 {
            Language::Finnish => format!("{} aloitti hoidon ennen kuin asia selvisi; heistä ei voi päätellä, oliko ohjelma oikeassa.", flagged.treated),
            Language::Swedish => format!("{} började en behandling innan saken var klar; av dem går det inte att se om programmet hade rätt.", flagged.treated),
            Language::English => format!("{} began a treatment before it was known; they do not show whether the programme was right.", flagged.treated),
        });
    }
    if 0 < drawn.decided {
        all.push(match say.0 {
            Language::Finnish => format!("Rajan alapuolelta arvottiin kokeisiin {}; seuratuista {} kävi niissä, ja heistä {} sai diagnoosin.", drawn.decided, drawn.tested, drawn.confirmed),
            Language::Swedish => format!("Under gränsen drogs {} till prov genom lottning; av de uppföljda tog {} proven, och av dem fick {} diagnosen.", drawn.decided, drawn.tested, drawn.confirmed),
            Language::English => format!("Below the level {} were drawn by lot for tests; of those followed, {} had them, and {} of these were diagnosed.", drawn.decided, drawn.tested, drawn.confirmed),
        });
    }
    all
}

/// For how many of the flagged the follow-up is over, and why not for the others.
fn followed(say: Say, months: u16, flagged: Arm) -> String {
    let (over, not_over, left_out) = (flagged.counted, flagged.not_over, flagged.left_out);
    let mut text = match say.0 {
        Language::Finnish => {
            format!("Seuranta-aika, {months} kuukautta, on kulunut heistä {over} kohdalla.")
        }
        Language::Swedish => {
            format!("Uppföljningstiden, {months} månader, har gått för {over} av dem.")
        }
        Language::English => {
            format!("The follow-up of {months} months is over for {over} of them.")
        }
    };
    if 0 < not_over {
        text.push_str(&match say.0 {
            Language::Finnish => format!(" {not_over} kohdalla se jatkuu."),
            Language::Swedish => format!(" För {not_over} pågår den."),
            Language::English => format!(" For {not_over} it goes on."),
        });
    }
    if 0 < left_out {
        text.push_str(&match say.0 {
            Language::Finnish => format!(" Laskuista jää pois {left_out}: sairaus oli jo ennestään, tai seurantaa ei ole."),
            Language::Swedish => format!(" {left_out} räknas inte med: sjukdomen fanns redan tidigare, eller uppföljning saknas."),
            Language::English => format!(" {left_out} are not counted: the disease was there before, or nobody follows them."),
        });
    }
    text
}

/// What is known, and what is not.
type Both<'a> = (&'a mut Vec<String>, &'a mut Vec<String>);

fn precision(say: Say, round: &RoundLearning, (known, not_known): Both<'_>) {
    match round.ppv_per_result {
        Ok(ppv) => {
            let of = say.with_limits(ppv);
            known.push(match say.0 {
                Language::Finnish => format!("Sadasta tutkitusta diagnoosin saa {of}."),
                Language::Swedish => format!("Av hundra testade får {of} diagnosen."),
                Language::English => format!("Of a hundred who were tested, {of} are diagnosed."),
            });
        }
        Err(reason) => {
            let why = say.why(reason);
            not_known.push(match say.0 {
                Language::Finnish => {
                    format!("Kuinka moni tutkituista saa diagnoosin, ei tiedetä: {why}.")
                }
                Language::Swedish => {
                    format!("Hur många av de testade som får diagnosen är inte känt: {why}.")
                }
                Language::English => {
                    format!("How many of those tested are diagnosed is not known: {why}.")
                }
            });
        }
    }
    match round.uptake {
        Ok(uptake) => {
            let of = say.with_limits(uptake);
            known.push(match say.0 {
                Language::Finnish => format!("Sadasta, joiden kuului tulla kokeisiin, tulee {of}."),
                Language::Swedish => format!("Av hundra som skulle ta prov gör {of} det."),
                Language::English => format!("Of a hundred who were to be tested, {of} come."),
            });
        }
        Err(reason) => {
            let why = say.why(reason);
            not_known.push(match say.0 {
                Language::Finnish => format!("Kuinka moni tulee kokeisiin, ei tiedetä: {why}."),
                Language::Swedish => format!("Hur många som tar proven är inte känt: {why}."),
                Language::English => format!("How many come to the tests is not known: {why}."),
            });
        }
    }
}

fn probabilities(say: Say, round: &RoundLearning, (known, not_known): Both<'_>) {
    let o_e = round.calibration.as_ref().map_err(|reason| *reason);
    let o_e = o_e.and_then(|known| known.evaluation.whole.o_e);
    let among = match round.tested {
        Tested::Everybody => say.one_of(
            "Kaikki päätöksen saaneet",
            "Alla som beslut fattats om",
            "Among everybody who was decided about",
        ),
        Tested::FlaggedOnly => say.one_of(
            "Rajan saavuttaneet",
            "De som nått gränsen",
            "Among those who reached the level",
        ),
    };
    match o_e {
        Ok(o_e) => {
            let of = say.for_hundred(o_e);
            known.push(match say.0 {
                Language::Finnish => {
                    format!("{among}: kun malli odottaa sataa diagnoosia, niitä todetaan {of}.")
                }
                Language::Swedish => {
                    format!("{among}: när modellen väntar hundra diagnoser ställs {of}.")
                }
                Language::English => {
                    format!("{among}: where the model expects a hundred diagnoses, {of} are made.")
                }
            });
        }
        Err(reason) => {
            let why = say.why(reason);
            not_known.push(match say.0 {
                Language::Finnish => {
                    format!("Ovatko mallin todennäköisyydet oikeita, ei tiedetä: {why}.")
                }
                Language::Swedish => {
                    format!("Om modellens sannolikheter stämmer är inte känt: {why}.")
                }
                Language::English => {
                    format!("Whether the model's probabilities are right is not known: {why}.")
                }
            });
        }
    }
    match &round.proposal {
        Ok(proposal) if proposal.changes() => known.push(say.one_of(
            "Tulosten mukaan todennäköisyyksiä pitäisi korjata. Mikään ei muutu, ennen kuin ihmiset ovat allekirjoittaneet korjauksen.",
            "Enligt utfallen borde sannolikheterna korrigeras. Inget ändras innan människor har undertecknat korrigeringen.",
            "By the outcomes the probabilities should be corrected. Nothing changes before people have signed the correction.",
        )),
        Ok(_) => known.push(say.one_of(
            "Tulokset eivät anna aihetta korjata todennäköisyyksiä.",
            "Utfallen ger ingen anledning att korrigera sannolikheterna.",
            "The outcomes give no reason to correct the probabilities.",
        )),
        Err(reason) => {
            let why = say.why(*reason);
            not_known.push(match say.0 {
                Language::Finnish => format!("Pitäisikö todennäköisyyksiä korjata, ei tiedetä: {why}."),
                Language::Swedish => format!("Om sannolikheterna borde korrigeras är inte känt: {why}."),
                Language::English => format!("Whether the probabilities should be corrected is not known: {why}."),
            });
        }
    }
}

/// An interval wider than this many of a hundred says that a share is not known, whatever its middle is.
const WIDEST: f64 = 50.0;

fn missed(say: Say, round: &RoundLearning, (known, not_known): Both<'_>) {
    let sensitivity = round.population.as_ref().map_err(|reason| *reason);
    match sensitivity.and_then(|known| known.sensitivity) {
        // A lone number would be believed.
        Ok(sensitivity) if WIDEST < (sensitivity.upper - sensitivity.lower) * 100.0 => {
            let ends = [sensitivity.lower, sensitivity.upper];
            let [lower, upper] = ends.map(|n| say.of_hundred(n));
            not_known.push(match say.0 {
                Language::Finnish => format!("Kuinka monta seulonta jättää löytämättä, ei juuri tiedetä: sadasta, joilla sairaus todettaisiin, raja voi sattuman rajoissa löytää {lower}–{upper}."),
                Language::Swedish => format!("Hur många screeningen missar är knappt känt: av hundra hos vilka sjukdomen skulle fastställas kan gränsen inom slumpens gränser hitta {lower}–{upper}."),
                Language::English => format!("How many the screening misses is hardly known: of a hundred in whom the disease would be confirmed, the level may within chance find {lower} to {upper}."),
            });
        }
        Ok(sensitivity) => {
            let of = say.with_limits(sensitivity);
            known.push(match say.0 {
                Language::Finnish => {
                    format!("Sadasta, joilla sairaus todettaisiin, raja löytää {of}.")
                }
                Language::Swedish => {
                    format!("Av hundra hos vilka sjukdomen skulle fastställas hittar gränsen {of}.")
                }
                Language::English => format!(
                    "Of a hundred in whom the disease would be confirmed, the level finds {of}."
                ),
            });
        }
        Err(reason) => {
            let why = say.why(reason);
            not_known.push(match say.0 {
                Language::Finnish => {
                    format!("Kuinka monta seulonta jättää löytämättä, ei tiedetä: {why}.")
                }
                Language::Swedish => format!("Hur många screeningen missar är inte känt: {why}."),
                Language::English => format!("How many the screening misses is not known: {why}."),
            });
        }
    }
    let cases = round.interval_cases();
    known.push(match say.0 {
        Language::Finnish => format!("Rajan alapuolelle jääneistä, joita ei tutkittu arvalla, {cases} sai diagnoosin seuranta-aikana."),
        Language::Swedish => format!("Av dem under gränsen som inte lottades till prov fick {cases} diagnosen under uppföljningen."),
        Language::English => format!("Of those below the level who were not drawn, {cases} were diagnosed during the follow-up."),
    });
}
