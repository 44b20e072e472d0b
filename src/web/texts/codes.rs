//! Codes of this program in words. A code of the rules has none here and is shown as it is.
//!
//! Longer than other files: one table, of which each line is a word in three languages.

use crate::rulebook::Language;

/// Codes in Finnish, Swedish and English.
const CODES: [(&str, [&str; 3]); 98] = [
    // Roles.
    ("clinician", ["kliinikko", "kliniker", "clinician"]),
    ("researcher", ["tutkija", "forskare", "researcher"]),
    ("operator", ["ylläpitäjä", "driftansvarig", "operator"]),
    (
        "medical-lead",
        ["vastaava lääkäri", "medicinskt ansvarig", "medical lead"],
    ),
    (
        "data-protection-officer",
        [
            "tietosuojavastaava",
            "dataskyddsombud",
            "data-protection officer",
        ],
    ),
    // Sexes, as the register has them.
    ("female", ["nainen", "kvinna", "woman"]),
    ("male", ["mies", "man", "man"]),
    ("unknown", ["ei tiedossa", "inte känt", "not known"]),
    // For what somebody waits.
    (
        "confirm",
        ["vahvistettava", "ska bekräftas", "to be confirmed"],
    ),
    ("look", ["katsottava", "ska ses på", "to be looked at"]),
    (
        "order-to-leave",
        [
            "pyyntö lähdössä",
            "remiss på väg",
            "an order about to leave",
        ],
    ),
    ("result", ["tulosta odotetaan", "svar väntas", "a result"]),
    // Priorities.
    ("same-day", ["samana päivänä", "samma dag", "the same day"]),
    ("urgent", ["kiireellinen", "brådskande", "urgent"]),
    ("soon", ["pian", "snart", "soon"]),
    ("routine", ["kiireetön", "inte brådskande", "routine"]),
    // States.
    ("deceased", ["kuollut", "avliden", "deceased"]),
    (
        "not-yet-born",
        ["ei vielä syntynyt", "inte född än", "not yet born"],
    ),
    ("moved", ["muuttanut pois", "har flyttat", "moved away"]),
    (
        "outside-age",
        [
            "ikärajojen ulkopuolella",
            "utanför åldersgränserna",
            "outside the ages",
        ],
    ),
    (
        "out-of-scope",
        [
            "ohjelman ulkopuolella",
            "utanför programmet",
            "outside the programme",
        ],
    ),
    ("opted-out", ["kieltäytynyt", "har avböjt", "has said no"]),
    (
        "known-disease",
        ["sairaus tiedossa", "känd sjukdom", "disease known"],
    ),
    (
        "under-review",
        [
            "ammattilaisen katsottavana",
            "ses på av en yrkesperson",
            "under review",
        ],
    ),
    (
        "undetermined-incomplete",
        ["tietoja puuttuu", "uppgifter saknas", "data incomplete"],
    ),
    ("asked", ["kysytty", "tillfrågad", "asked"]),
    (
        "undecided-not-answered",
        ["ei vastannut", "har inte svarat", "has not answered"],
    ),
    (
        "below-level",
        ["alle rajan", "under gränsen", "below the level"],
    ),
    (
        "sampled-negative",
        ["arvottu tutkittavaksi", "lottad till prov", "drawn by lot"],
    ),
    (
        "ordered",
        [
            "laboratorioon pyydetty",
            "remitterad till laboratoriet",
            "test ordered",
        ],
    ),
    (
        "overdue",
        ["näyte myöhässä", "provet försenat", "sample overdue"],
    ),
    (
        "confirming",
        [
            "vahvistettavana",
            "ska bekräftas",
            "to be confirmed by a professional",
        ],
    ),
    (
        "with-a-nurse",
        [
            "hoitajan hoidettavana",
            "hos en sjukskötare",
            "with a nurse",
        ],
    ),
    (
        "offered-prevention",
        [
            "elintapaohjausta tarjottu",
            "erbjuden livsstilsrådgivning",
            "offered the lifestyle service",
        ],
    ),
    (
        "concluded",
        ["kierros päättynyt", "omgången avslutad", "concluded"],
    ),
    // What is missing in a standing.
    (
        "not-acted-on",
        [
            "jatkotoimi puuttuu",
            "åtgärden saknas",
            "what follows is missing",
        ],
    ),
    (
        "to-decide",
        ["päättämättä", "inte beslutat", "to be decided"],
    ),
    (
        "new-on-the-register",
        ["uusi rekisterissä", "ny i registret", "new on the register"],
    ),
    ("lost", ["kadonnut", "försvunnen", "lost"]),
    // Tasks of this program.
    (
        "delivery-unknown",
        [
            "ei tiedetä, menikö perille",
            "okänt om det kom fram",
            "not known whether it arrived",
        ],
    ),
    (
        "delivery-refused",
        [
            "vastaanottaja ei ottanut pyyntöä",
            "mottagaren tog inte emot",
            "the other side turned it down",
        ],
    ),
    (
        "delivery-returned",
        [
            "palautui perille menemättä",
            "kom tillbaka utan att nå fram",
            "came back undelivered",
        ],
    ),
    (
        "delivery-too-late",
        [
            "ei lähtenyt ajoissa",
            "gick inte i tid",
            "could not leave in time",
        ],
    ),
    (
        "delivery-withheld",
        [
            "ohjelma ei saa kysyä itse; ota yhteyttä",
            "programmet får inte fråga själv; ta kontakt",
            "the program may not ask by itself; get in touch",
        ],
    ),
    (
        "delivery-doubled",
        [
            "vastaanottajalla kahdesti",
            "finns dubbelt hos mottagaren",
            "there twice at the other side",
        ],
    ),
    (
        "delivery-missing",
        [
            "vastaanottajalta kadonnut",
            "saknas hos mottagaren",
            "missing at the other side",
        ],
    ),
    (
        "delivery-not-taken-back",
        [
            "ei peruuntunut vastaanottajalla",
            "inte tillbakataget hos mottagaren",
            "not taken back at the other side",
        ],
    ),
    (
        "resident-not-told",
        [
            "asukkaalle ei kerrottu tulosta",
            "invånaren har inte fått resultatet",
            "the resident was not told",
        ],
    ),
    (
        "place-order",
        [
            "tee pyyntö potilastietojärjestelmään",
            "gör remissen i journalen",
            "place the order in the record",
        ],
    ),
    (
        "take-back-order",
        [
            "peru käsin tehty pyyntö",
            "ta tillbaka den remiss som gjordes för hand",
            "take back the order placed by hand",
        ],
    ),
    (
        "contact-not-asked",
        [
            "yhteydenottoa ei pyydetty",
            "ingen bads ta kontakt",
            "nobody was asked to get in touch",
        ],
    ),
    (
        "result-of-another",
        [
            "tulos on toisen henkilön",
            "svaret gäller någon annan",
            "a result of somebody else",
        ],
    ),
    (
        "result-not-understood",
        [
            "tulosta ei ymmärretty",
            "svaret förstods inte",
            "a result that was not understood",
        ],
    ),
    (
        "entries-unclear",
        [
            "merkinnät ovat ristiriidassa",
            "posterna motsäger varandra",
            "entries contradict each other",
        ],
    ),
    (
        "entries-parted",
        [
            "merkinnät erotettiin",
            "posterna skildes åt",
            "entries were parted",
        ],
    ),
    // Opinions and what was put on record.
    ("written", ["kirjoitettu", "skriven", "written"]),
    ("correction", ["korjaus", "rättelse", "correction"]),
    ("approved", ["hyväksytty", "godkänd", "approved"]),
    ("held", ["pidätetty", "kvarhållen", "held"]),
    ("taken-back", ["peruttu", "tillbakataget", "taken back"]),
    (
        "approved by a person",
        ["hyväksytty", "godkänd", "approved by a person"],
    ),
    (
        "held by a person",
        ["pidätetty", "kvarhållen", "held by a person"],
    ),
    (
        "approved taken back",
        [
            "hyväksyntä kumottu",
            "godkännandet ångrat",
            "approval undone",
        ],
    ),
    (
        "held taken back",
        ["pidätys kumottu", "kvarhållandet ångrat", "hold undone"],
    ),
    (
        "approved taken back by a person",
        [
            "hyväksyntä kumottu",
            "godkännandet ångrat",
            "approval undone by a person",
        ],
    ),
    (
        "held taken back by a person",
        [
            "pidätys kumottu",
            "kvarhållandet ångrat",
            "hold undone by a person",
        ],
    ),
    // What a professional concludes.
    (
        "disease-confirmed",
        [
            "sairaus vahvistettu",
            "sjukdomen bekräftad",
            "disease confirmed",
        ],
    ),
    (
        "early-stage",
        [
            "sairauden esiaste",
            "förstadium",
            "early stage of the disease",
        ],
    ),
    ("ruled-out", ["suljettu pois", "utesluten", "ruled out"]),
    (
        "test-again",
        [
            "tutkitaan uudelleen",
            "provas på nytt",
            "to be tested again",
        ],
    ),
    (
        "handed-over",
        [
            "siirretty toiselle",
            "överlämnad till någon annan",
            "handed over to somebody else",
        ],
    ),
    ("other", ["muu", "annat", "other"]),
    // Steps of a round.
    (
        "queued",
        ["odottaa vuoroa", "väntar på tur", "waits for a turn"],
    ),
    (
        "tests-ordered",
        [
            "laboratorioon pyydetty",
            "remitterad till laboratoriet",
            "tests ordered",
        ],
    ),
    ("reminded", ["muistutettu", "påmind", "reminded"]),
    (
        "result-received",
        ["tulos tullut", "svar har kommit", "a result has come"],
    ),
    ("delivered", ["toimitettu", "levererad", "delivered"]),
    (
        "not-delivered",
        ["ei toimitettu", "inte levererad", "not delivered"],
    ),
    (
        "result-seen",
        ["tulos nähty", "svaret sett", "a result was seen"],
    ),
    (
        "left",
        [
            "poistui ohjelmasta",
            "lämnade programmet",
            "left the programme",
        ],
    ),
    (
        "recall-due",
        [
            "uusi kierros ajankohtainen",
            "dags för ny omgång",
            "time to look again",
        ],
    ),
    (
        "offer-moved",
        [
            "tarjous eteni",
            "erbjudandet gick vidare",
            "the offer moved on",
        ],
    ),
    // Rows of the outbox.
    (
        "planned",
        ["odottaa lähtöä", "väntar på att gå", "waits to leave"],
    ),
    ("sending", ["lähdössä", "på väg", "on its way"]),
    (
        "acknowledged",
        ["vastaanotettu", "mottagen", "acknowledged"],
    ),
    ("refused", ["hylätty", "avvisad", "refused"]),
    // The audit.
    ("signed-in", ["kirjautui sisään", "loggade in", "signed in"]),
    (
        "viewed-resident",
        [
            "katsoi asukkaan tietoja",
            "såg en invånares uppgifter",
            "viewed a resident",
        ],
    ),
    (
        "listed-tasks",
        [
            "katsoi työlistaa",
            "såg arbetslistan",
            "viewed the worklist",
        ],
    ),
    (
        "listed-audit",
        [
            "katsoi käyttölokia",
            "såg användningsloggen",
            "viewed the audit",
        ],
    ),
    (
        "closed-task",
        ["sulki tehtävän", "stängde en uppgift", "closed a task"],
    ),
    (
        "handed-over-task",
        [
            "siirsi tehtävän",
            "överlämnade en uppgift",
            "handed over a task",
        ],
    ),
    (
        "gave-back-task",
        [
            "palautti tehtävän yhteiseksi",
            "lämnade tillbaka en uppgift",
            "gave back a task",
        ],
    ),
    (
        "wrote-note",
        [
            "kirjoitti muistiinpanon",
            "skrev en anteckning",
            "wrote a note",
        ],
    ),
    (
        "listed-notes",
        ["luki muistiinpanot", "läste anteckningarna", "listed notes"],
    ),
    (
        "approved-order",
        [
            "hyväksyi pyynnön",
            "godkände en remiss",
            "approved an order",
        ],
    ),
    (
        "held-order",
        ["pidätti pyynnön", "höll kvar en remiss", "held an order"],
    ),
    (
        "took-back-review",
        [
            "kumosi ratkaisun pyynnöstä",
            "ångrade sitt ställningstagande",
            "took back an opinion on an order",
        ],
    ),
];

/// A code in words; `None` for one that has none here.
pub(in crate::web) fn code_in_words(code: &str, language: Language) -> Option<&'static str> {
    let (_, words) = CODES.iter().find(|(known, _)| *known == code)?;
    let at = match language {
        Language::Finnish => 0,
        Language::Swedish => 1,
        Language::English => 2,
    };
    Some(words[at])
}
