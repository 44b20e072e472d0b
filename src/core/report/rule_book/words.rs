//! The words around rules in Finnish, Swedish and English. The rules' own words are in the rules.

use crate::rulebook::Language;

/// The words of a language.
#[derive(Clone, Copy)]
pub(super) struct Words(pub(super) Language);

/// Name, Finnish, Swedish, English.
type Said = (&'static str, [&'static str; 3]);

const SAID: [Said; 51] = [
    ("rule book", ["Sääntökirja", "Regelbok", "Rule book"]),
    (
        "device",
        [
            "Ohjelma ei ole sertifioitu lääkinnällinen laite. Päätökset ovat ehdotuksia; ammattilaiset päättävät.",
            "Programmet är ingen certifierad medicinteknisk produkt. Besluten är förslag; yrkespersoner beslutar.",
            "This program is not a certified medical device. Decisions are proposals; professionals decide.",
        ],
    ),
    (
        "how to read",
        [
            "Säännöt ovat alla siinä järjestyksessä, jossa ne vaikuttavat. Merkki ⚠ luvun vieressä: kukaan ei ole varmistanut sitä. Sääntöjen oma teksti on englanniksi.",
            "Reglerna följer i den ordning i vilken de verkar. Märket ⚠ bredvid ett tal: ingen har verifierat det. Reglernas egen text är på engelska.",
            "The rules follow in the order in which they work. The mark ⚠ beside a number: nobody has verified it.",
        ],
    ),
    ("programme", ["Ohjelma", "Program", "Programme"]),
    (
        "fingerprint",
        [
            "Tunniste (SHA-256)",
            "Fingeravtryck (SHA-256)",
            "Fingerprint (SHA-256)",
        ],
    ),
    ("status", ["Tila", "Status", "Status"]),
    (
        "signed by",
        ["Allekirjoittanut", "Undertecknat av", "Signed by"],
    ),
    (
        "nobody signed",
        [
            "Kukaan ei ole allekirjoittanut",
            "Ingen har undertecknat",
            "Nobody has signed",
        ],
    ),
    (
        "signature fails",
        [
            "Allekirjoitus ei päde",
            "Underskriften gäller inte",
            "The signature does not hold",
        ],
    ),
    (
        "draft",
        [
            "Luonnos: sen mukaan ei tehdä mitään",
            "Utkast: ingenting görs enligt det",
            "A draft: nothing is done by it",
        ],
    ),
    ("in force", ["Voimassa", "I kraft", "In force"]),
    ("files", ["Tiedostoja", "Filer", "Files"]),
    (
        "not verified count",
        [
            "Varmistamattomia kohtia",
            "Overifierade punkter",
            "Points not verified",
        ],
    ),
    (
        "approve",
        [
            "Luettu ja hyväksytty",
            "Läst och godkänt",
            "Read and approved",
        ],
    ),
    ("approve line", ["Nimi, päivä:", "Namn, dag:", "Name, day:"]),
    (
        "faulty",
        [
            "VIRHEELLINEN, ei saa käyttää",
            "FELAKTIG, får inte användas",
            "FAULTY, not to be used",
        ],
    ),
    (
        "not verified",
        ["⚠ varmistamatta", "⚠ inte verifierat", "⚠ not verified"],
    ),
    (
        "all not verified",
        [
            "Kaikki, mitä kukaan ei ole varmistanut",
            "Allt som ingen har verifierat",
            "Everything that nobody has verified",
        ],
    ),
    (
        "not in force",
        [
            "Ohjelma ei käytä tätä sääntöä.",
            "Programmet använder inte denna regel.",
            "The programme does not use this rule.",
        ],
    ),
    (
        "limits",
        [
            "Missä tämä ei päde",
            "Var detta inte gäller",
            "Where it does not hold",
        ],
    ),
    ("source", ["Lähde", "Källa", "Source"]),
    (
        "source unseen",
        [
            "⚠ Kukaan täällä ei ole nähnyt lähdettä:",
            "⚠ Ingen här har sett källan:",
            "⚠ the source itself was not seen:",
        ],
    ),
    ("question", ["Kysymys", "Fråga", "Question"]),
    ("item", ["Kohta", "Punkt", "Item"]),
    (
        "values and points",
        ["Arvot ja pisteet", "Värden och poäng", "Values and points"],
    ),
    (
        "known from",
        ["Mistä tiedetään", "Vad det är känt ur", "Known from"],
    ),
    ("otherwise", ["Muuten", "Annars", "Otherwise"]),
    ("points", ["pistettä", "poäng", "points"]),
    ("from", ["alkaen", "från", "from"]),
    ("above", ["yli", "över", "above"]),
    ("to", ["enintään", "till och med", "to"]),
    ("below", ["alle", "under", "below"]),
    ("stretch", ["Väli", "Intervall", "Range"]),
    ("why", ["Miksi", "Varför", "Why"]),
    ("yes", ["kyllä", "ja", "yes"]),
    ("no", ["ei", "nej", "no"]),
    ("number", ["Nro", "Nr", "No."]),
    ("stage", ["Vaihe", "Skede", "Stage"]),
    ("any stage", ["mikä tahansa", "vilket som helst", "any"]),
    ("finding", ["Löydös", "Fynd", "Finding"]),
    (
        "state",
        ["Tila sen jälkeen", "Läge efteråt", "State after it"],
    ),
    ("next", ["Seuraavaksi", "Härnäst", "Next step"]),
    ("person", ["Ammattilainen", "Yrkesperson", "Professional"]),
    ("in words", ["Asukas …", "Invånaren …", "The resident …"]),
    (
        "goes on",
        [
            "ei päätä: seuraava rivi",
            "avgör inte: nästa rad",
            "does not decide: the next row is looked at",
        ],
    ),
    (
        "pathway order",
        [
            "Ensimmäinen pätevä rivi, joka nimeää tilan, päättää. Rivi ilman tilaa avaa vain tehtävän ammattilaiselle.",
            "Den första raden som gäller och nämner ett läge avgör. En rad utan läge öppnar bara en uppgift för en yrkesperson.",
            "The first row that holds and names a state decides. A row without a state only opens a task for a professional.",
        ],
    ),
    ("message", ["Viesti", "Meddelande", "Message"]),
    (
        "text",
        ["Otsikko ja teksti", "Rubrik och text", "Subject and text"],
    ),
    ("point", ["piste", "poäng", "point"]),
    ("within", ["enintään", "inom", "within"]),
    ("months", ["kuukautta sitten", "månader", "months"]),
];

/// Headings of parts that most readers look for, in the three languages.
const HEADINGS: [Said; 20] = [
    (
        "programme",
        [
            "Mitä ohjelma käyttää",
            "Vad programmet använder",
            "What the programme uses",
        ],
    ),
    ("in_force", ["Voimassaolo", "I kraft", "In force"]),
    (
        "range",
        [
            "Pisteiden rajat",
            "Gränser för poängen",
            "Lowest and highest score",
        ],
    ),
    ("item", ["Kohdat", "Punkter", "Items"]),
    ("class", ["Luokat", "Klasser", "Levels"]),
    ("example", ["Esimerkkejä", "Exempel", "Worked examples"]),
    (
        "estimand",
        [
            "Minkä todennäköisyys",
            "Sannolikheten för vad",
            "What the probability is of",
        ],
    ),
    (
        "band",
        [
            "Todennäköisyys pisteittäin",
            "Sannolikhet efter poäng",
            "Probability by score",
        ],
    ),
    (
        "logistic",
        [
            "Todennäköisyys pisteistä",
            "Sannolikhet ur poängen",
            "Probability from the score",
        ],
    ),
    (
        "test",
        [
            "Laboratoriotulosten rajat",
            "Gränser för laboratorieresultat",
            "Limits of laboratory results",
        ],
    ),
    (
        "critical",
        ["Kiireelliset arvot", "Brådskande värden", "Critical values"],
    ),
    (
        "action_level",
        ["Toimintaraja", "Åtgärdsgräns", "Action level"],
    ),
    ("ages", ["Iät", "Åldrar", "Ages"]),
    ("deadlines", ["Määräajat", "Tidsfrister", "Deadlines"]),
    (
        "row",
        [
            "Polku: vaihe × löydös",
            "Vägen: skede × fynd",
            "Pathway: stage × finding",
        ],
    ),
    (
        "intervals",
        [
            "Välit ja määräajat",
            "Intervall och tidsfrister",
            "Intervals",
        ],
    ),
    (
        "order",
        [
            "Laboratoriolle lähtevät koodit",
            "Koder till laboratoriet",
            "Codes sent to the laboratory",
        ],
    ),
    (
        "fact",
        [
            "Tiedot ja niiden koodit",
            "Uppgifter och deras koder",
            "Facts and their codes",
        ],
    ),
    ("texts", ["Viestit", "Meddelanden", "Messages"]),
    ("questions", ["Kysymykset", "Frågor", "Questions"]),
];

/// Keys that read badly as they stand.
const KEYS: [Said; 12] = [
    ("signals", ["osoittaa", "visas av", "shown by"]),
    (
        "resolve",
        ["monesta valitaan", "av flera väljs", "of several"],
    ),
    ("from_facts", ["mittauksesta", "ur mätning", "measured as"]),
    ("priority", ["kiireellisyys", "prioritet", "priority"]),
    (
        "within_days",
        ["päivien kuluessa", "inom dagar", "within days"],
    ),
    (
        "recall_months",
        [
            "uusi tarkastelu, kuukautta",
            "ny bedömning, månader",
            "looked at again after months",
        ],
    ),
    ("tests", ["tutkimukset", "undersökningar", "tests"]),
    (
        "message",
        [
            "viesti asukkaalle",
            "meddelande till invånaren",
            "message to the resident",
        ],
    ),
    (
        "contact",
        ["yhteydenotto", "kontakt", "contact by a person"],
    ),
    (
        "register",
        ["väestörekisteri", "befolkningsregistret", "register"],
    ),
    ("score", ["riskipisteet", "riskpoängen", "score"]),
    (
        "test",
        [
            "laboratoriotulos",
            "laboratorieresultat",
            "laboratory result",
        ],
    ),
];

impl Words {
    /// What is said in this language under a name; the name itself when nothing is.
    pub(super) fn say(self, name: &'static str) -> &'static str {
        let said = SAID.iter().find(|(known, _)| *known == name);
        said.map_or(name, |(_, said)| self.of(said))
    }

    /// A key of a rule file as words.
    pub(super) fn key(self, key: &str) -> String {
        let said = SAID.iter().find(|(known, _)| *known == key);
        if let Some((_, said)) = KEYS.iter().find(|(known, _)| *known == key) {
            return self.of(said).to_owned();
        }
        let is_one = |key: &str| ["points", "from", "above", "to", "below"].contains(&key);
        match said.filter(|_| is_one(key)) {
            Some((_, said)) => self.of(said).to_owned(),
            None => key.replace(['_', '-'], " "),
        }
    }

    /// A key of a rule file as a heading.
    pub(super) fn heading(self, key: &str) -> String {
        if let Some((_, said)) = HEADINGS.iter().find(|(known, _)| *known == key) {
            return self.of(said).to_owned();
        }
        self.column(key)
    }

    /// A key of a rule file over a column.
    pub(super) fn column(self, key: &str) -> String {
        let words = self.key(key);
        let mut letters = words.chars();
        let first = letters.next().into_iter().flat_map(char::to_uppercase);
        first.chain(letters).collect()
    }

    fn of(self, said: &[&'static str; 3]) -> &'static str {
        let [finnish, swedish, english] = said;
        match self.0 {
            Language::Finnish => finnish,
            Language::Swedish => swedish,
            Language::English => english,
        }
    }
}
