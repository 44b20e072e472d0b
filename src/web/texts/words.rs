//! Sentences and labels.

use crate::rulebook::Language;

macro_rules! texts {
    ($($name:ident: $fi:literal, $sv:literal, $en:literal;)*) => {
        /// Something that the pages say.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(in crate::web) enum Text { $($name),* }

        impl Text {
            /// The words in a language.
            pub(in crate::web) const fn in_words(self, language: Language) -> &'static str {
                let (fi, sv, en) = match self { $(Self::$name => ($fi, $sv, $en)),* };
                match language {
                    Language::Finnish => fi,
                    Language::Swedish => sv,
                    Language::English => en,
                }
            }
        }
    };
}

texts! {
    // Around every page.
    SkipToContent: "Siirry sisältöön", "Gå till innehållet", "Skip to content";
    MainNavigation: "Päävalikko", "Huvudmeny", "Main menu";
    ChooseLanguage: "Kieli", "Språk", "Language";
    NotADevice: "Ei sertifioitu lääkinnällinen laite. Päätökset ovat ehdotuksia; ammattilainen päättää.",
        "Inte en certifierad medicinteknisk produkt. Besluten är förslag; en yrkesperson beslutar.",
        "Not a certified medical device. Decisions are proposals; professionals decide.";
    TrialSignIn: "Kokeilukirjautuminen: kuka tahansa tällä koneella voi esiintyä kenenä tahansa. Ei oikeiden ihmisten tietoja.",
        "Provinloggning: vem som helst på den här datorn kan uppträda som vem som helst. Inga uppgifter om verkliga människor.",
        "Trial sign-in: anybody on this machine can be anybody. No real people's data.";
    EffectsStopped: "Kaikki lähtevä on pysäytetty.", "Allt utgående är stoppat.", "All effects are stopped.";
    SignedInAs: "Kirjautunut:", "Inloggad:", "Signed in:";
    SignOut: "Kirjaudu ulos", "Logga ut", "Sign out";
    Start: "Etusivu", "Startsida", "Start";

    // Signing in.
    SignIn: "Kirjaudu sisään", "Logga in", "Sign in";
    SignInAtProvider: "Kirjaudu organisaation tunnuksilla", "Logga in med organisationens konto", "Sign in with your organisation's account";
    SignedOutNote: "Sivut näkyvät vain kirjautuneille. Istunto päättyy, kun sivuja ei käytetä, ja ohjelman käynnistyessä uudelleen.",
        "Sidorna visas bara för inloggade. Sessionen upphör när sidorna inte används och när programmet startas om.",
        "Pages are for those who have signed in. A session ends when no page is used, and when the program starts anew.";
    YourName: "Nimi", "Namn", "Name";
    YourRole: "Rooli", "Roll", "Role";
    YourDistricts: "Alueet, pilkuin erotettuina; tyhjä tarkoittaa kaikkia", "Områden, åtskilda med komma; tomt betyder alla", "Districts, with commas between; empty means all";
    NameMissing: "Kirjoita nimi.", "Skriv ett namn.", "Write a name.";
    MayDoNothing: "Tunnuksellasi ei ole roolia tässä ohjelmassa. Pyydä sitä pääkäyttäjältä.",
        "Ditt konto har ingen roll i det här programmet. Be administratören om en.",
        "Your account has no role in this program. Ask your administrator for one.";
    YourRoles: "Roolit", "Roller", "Roles";
    SeesEverybody: "Näet kaikki asukkaat.", "Du ser alla invånare.", "You see all residents.";
    SeesDistricts: "Näet näiden alueiden asukkaat:", "Du ser invånarna i dessa områden:", "You see residents of these districts:";

    // What went wrong.
    NotFound: "Sivua ei ole", "Sidan finns inte", "There is no such page";
    NotFoundWhy: "Osoite on väärä, tai se, mitä etsit, ei ole sinun nähtävissäsi.",
        "Adressen är fel, eller så får du inte se det du söker.",
        "The address is wrong, or what you look for is not for you to see.";
    NotAllowed: "Sinulla ei ole oikeutta tähän", "Du har inte rätt till det här", "You may not do this";
    NotAllowedWhy: "Roolisi ei riitä tähän sivuun.", "Din roll räcker inte för den här sidan.", "Your role does not go with this page.";
    NotFromHere: "Pyyntö ei tullut tältä sivustolta", "Begäran kom inte från den här webbplatsen", "The request did not come from these pages";
    NotFromHereWhy: "Istunto on ehkä päättynyt. Mitään ei tehty. Palaa sivulle ja yritä uudelleen.",
        "Sessionen kan ha upphört. Inget gjordes. Gå tillbaka till sidan och försök igen.",
        "The session may have ended. Nothing was done. Go back to the page and try again.";
    TooOften: "Liian monta yritystä", "För många försök", "Too many tries";
    TooOftenWhy: "Odota minuutti ja yritä uudelleen.", "Vänta en minut och försök igen.", "Wait a minute and try again.";
    DidNotWork: "Jokin meni vikaan", "Något gick fel", "Something went wrong";
    DidNotWorkWhy: "Mitään ei tehty, ellei sivu toisin sano. Pääkäyttäjä näkee syyn lokista.",
        "Inget gjordes om inte sidan säger annat. Administratören ser orsaken i loggen.",
        "Nothing was done unless the page says otherwise. The operator sees why in the log.";
    SignInFailed: "Kirjautuminen ei onnistunut", "Inloggningen lyckades inte", "Signing in did not work";
    SignInFailedWhy: "Yritä uudelleen. Jos se ei auta, pääkäyttäjä näkee syyn lokista.",
        "Försök igen. Om det inte hjälper ser administratören orsaken i loggen.",
        "Try again. If that does not help, the operator sees why in the log.";

    // The worklist.
    Worklist: "Työlista", "Arbetslista", "Worklist";
    Filters: "Rajaus", "Urval", "Filters";
    WaitsFor: "Odottaa", "Väntar på", "Waits for";
    Everything: "Kaikki", "Alla", "All";
    District: "Alue", "Område", "District";
    LateOnly: "Vain myöhässä olevat", "Bara försenade", "Only what is late";
    Show: "Näytä", "Visa", "Show";
    FindResident: "Etsi asukas", "Sök invånare", "Find a resident";
    ResidentName: "Asukkaan tunniste (Patient.id tai 32-merkkinen tunnus)", "Invånarens identifierare (Patient.id eller id med 32 tecken)", "The resident's identifier (Patient.id, or the id of 32 digits)";
    ResidentsWait: "asukasta odottaa", "invånare väntar", "residents wait";
    OfThemLate: "heistä myöhässä", "av dem försenade", "of them late";
    NobodyWaits: "Kukaan ei odota.", "Ingen väntar.", "Nobody waits.";
    Resident: "Asukas", "Invånare", "Resident";
    WhatToDo: "Mitä tehdään", "Vad som ska göras", "What to do";
    Why: "Miksi", "Varför", "Why";
    Score: "Riskipisteet", "Riskpoäng", "Risk score";
    Until: "Viimeistään", "Senast", "By";
    Since: "Alkaen", "Sedan", "Since";
    Late: "myöhässä", "försenad", "late";
    Orders: "Laboratoriopyynnöt", "Laboratorieremisser", "Laboratory orders";
    HasNotLeft: "ei vielä lähtenyt", "har inte lämnats än", "has not left";
    HasLeft: "lähtenyt, tulosta odotetaan", "har lämnats, svar väntas", "has left, its result is awaited";
    TickedOrders: "Valitut pyynnöt", "Markerade remisser", "Ticked orders";
    Reason: "Perustelu", "Motivering", "Reason";
    Approve: "Hyväksy", "Godkänn", "Approve";
    Hold: "Pidätä", "Håll kvar", "Hold";
    CanBeUndone: "Pidätetyn pyynnön voi hyväksyä ja hyväksytyn pidättää, kunnes se on lähtenyt.",
        "En kvarhållen remiss kan godkännas och en godkänd hållas kvar tills den har lämnats.",
        "What is held can be approved and what is approved held, until it has left.";
    UndoReview: "Kumoa äskeinen", "Ångra det senaste", "Undo what was just said";
    OrdersTakenBack: "Kumottu; pyyntöjä:", "Ångrat; remisser:", "Undone; orders:";
    HadLeft: "Oli jo lähtenyt:", "Hade redan lämnats:", "Had left already:";
    SaidSince: "Ratkaistu sen jälkeen toisin:", "Sedan dess har något annat sagts om:", "Something else was said since of:";
    PageOf: "Sivu", "Sida", "Page";
    PreviousPage: "Edellinen", "Föregående", "Previous";
    NextPage: "Seuraava", "Nästa", "Next";
    DoToday: "Katso tänään.", "Se på i dag.", "Look today.";
    DoConfirm: "Vahvista tai sulje pois, ja kirjaa diagnoosi potilastietojärjestelmään.",
        "Bekräfta eller uteslut, och skriv diagnosen i journalen.",
        "Confirm or rule out, and write the diagnosis into the record.";
    DoLook: "Selvitä, ja kirjaa mitä siitä tuli.", "Utred, och skriv vad det blev av det.", "Look, and say what came of it.";
    DoReview: "Hyväksy tai pidätä. Jos hyväksyntää ei vaadita, pyyntö lähtee itsestään.",
        "Godkänn eller håll kvar. Där godkännande inte krävs lämnas remissen av sig själv.",
        "Approve or hold it. Where no approval is asked for, the order leaves by itself.";
    DoNothing: "Ei tehtävää: näytettä odotetaan.", "Inget att göra: prov väntas.", "Nothing to do: a sample is awaited.";

    // Those who were drawn by lot.
    Drawn: "Arvotut", "Lottade", "Drawn by lot";
    DrawnWith: "Arvonnan todennäköisyys", "Sannolikhet att lottas", "Probability of being drawn";
    DrawnWhy: "Nämä asukkaat ovat alle toimintarajan. Heitä ei ole valittu suuren riskin vuoksi, vaan arvalla: heille tarjotaan samat tutkimukset kuin rajan ylittäneille, jotta voidaan arvioida, kuinka monta tapausta seulonta jättää huomaamatta.",
        "Dessa invånare ligger under åtgärdsgränsen. De har inte valts för att risken är hög utan genom lottning: de erbjuds samma prov som de över gränsen, så att det går att uppskatta hur många fall screeningen missar.",
        "These residents are below the action level. They were not chosen for a high risk but by lot: they are offered the same tests as those above it, so that it can be estimated how many cases the screening misses.";
    DrawnHold: "Pidätä pyyntö vain asukkaaseen liittyvästä syystä, älä siksi, että riski näyttää pieneltä: se vääristäisi arvion.",
        "Håll kvar en remiss bara av skäl som gäller invånaren, inte för att risken verkar låg: det skulle snedvrida uppskattningen.",
        "Hold an order only for a reason that has to do with the resident, not because the risk looks low: that would bias the estimate.";

    // One resident.
    Standing: "Tila", "Läge", "Standing";
    InTheRecord: "Tunniste potilastietojärjestelmässä", "Identifierare i journalen", "Identifier in the record";
    Tasks: "Tehtävät", "Uppgifter", "Tasks";
    Conclusion: "Johtopäätös", "Slutsats", "Conclusion";
    Choose: "Valitse", "Välj", "Choose";
    WhatCameOfIt: "Mitä siitä tuli", "Vad det blev av det", "What came of it";
    DiagnosisInTheRecord: "Diagnoosi kirjataan potilastietojärjestelmään; se vaikuttaa täällä, kun se on haettu sieltä.",
        "Diagnosen skrivs i journalen; här verkar den när den har hämtats därifrån.",
        "A diagnosis is written into the record; it counts here once it has been pulled from there.";
    CloseTask: "Sulje tehtävä", "Stäng uppgiften", "Close the task";
    InHand: "Kenellä", "Hos", "In hand";
    NobodysInHand: "ei kenelläkään", "ingen", "nobody";
    ToPerson: "Kenelle (nimi)", "Till vem (namn)", "To whom (name)";
    OrToRole: "tai roolille", "eller till en roll", "or to a role";
    NoRole: "ei roolille", "ingen roll", "no role";
    HandOver: "Siirrä", "Överlämna", "Hand over";
    TakeMyself: "Ota itselle", "Ta själv", "Take it myself";
    GiveBack: "Palauta yhteiseksi", "Lämna tillbaka", "Give back";
    HandedOver: "Siirretty", "Överlämnad", "Handed over";
    GivenBack: "Palautettu yhteiseksi", "Tillbakalämnad", "Given back";
    Mine: "omat", "mina", "mine";
    Nobodys: "ei kenenkään", "ingens", "nobody's";
    MayLeaveUntil: "Lähtee viimeistään", "Lämnas senast", "Leaves by";
    SampleBy: "Näyte viimeistään", "Prov senast", "A sample by";
    WhyDecidedSo: "Miksi näin päätettiin", "Varför det beslutades så", "Why it was decided so";
    AsOf: "Tilanne", "Läget den", "As of";
    InEnglish: "Selvitys on englanniksi.", "Redogörelsen är på engelska.", "The account is in English.";
    Letter: "Kirje päätöksestä", "Brev om beslutet", "Letter about the decision";
    NoLetterWhy: "Kirjettä ei voi kirjoittaa: uusin ajo päätti toisin kuin nykyiset tiedot, tai ohjelmalla ei ole kirjeitä.",
        "Brevet kan inte skrivas: den senaste körningen beslutade annat än dagens uppgifter, eller så har programmet inga brev.",
        "No letter can be written: the newest run decided otherwise than the facts of now, or the programme has no letters.";
    ResultsOverTime: "Tulokset ajan mittaan", "Resultat över tid", "Results over time";
    Day: "Päivä", "Dag", "Day";
    Value: "Arvo", "Värde", "Value";
    Refusal: "Kieltäytyminen seulonnasta", "Avböjande av screeningen", "Refusal of the screening";
    RefusedUntil: "Saa kysyä uudelleen (tyhjä: ei koskaan)", "Får tillfrågas igen (tomt: aldrig)", "May be asked again from (empty: never)";
    RecordRefusal: "Kirjaa kieltäytyminen", "Anteckna avböjandet", "Record the refusal";
    TakeRefusalBack: "Peru kieltäytyminen", "Ta tillbaka avböjandet", "Take the refusal back";
    Notes: "Muistiinpanot", "Anteckningar", "Notes";
    Note: "Muistiinpano", "Anteckning", "Note";
    NoNotes: "Muistiinpanoja ei ole.", "Det finns inga anteckningar.", "There are no notes.";
    WhatNotesAre: "Muistiinpano ei ole osa potilaskertomusta eikä vaikuta päätöksiin. Sitä ei voi muuttaa, vaan virhe korjataan uudella. Asukas näkee sen, kun hän pyytää tietonsa.",
        "En anteckning är inte en del av journalen och påverkar inga beslut. Den kan inte ändras; ett fel rättas med en ny. Invånaren får se den när uppgifterna begärs.",
        "A note is no part of the record, and nothing is decided by it. It cannot be changed: what was wrong is corrected by a further one. The resident sees it on asking for what is held.";
    NewNote: "Uusi muistiinpano", "Ny anteckning", "New note";
    CorrectsNote: "Korjaa muistiinpanon", "Rättar anteckningen", "Corrects note";
    CorrectedByNote: "Korjattu muistiinpanolla", "Rättad med anteckningen", "Corrected by note";
    CorrectsNothing: "ei mitään", "ingen", "none";
    WriteNote: "Tallenna muistiinpano", "Spara anteckningen", "Write the note";
    WhatHappened: "Mitä on tapahtunut", "Vad som har hänt", "What has happened";
    NothingHappened: "Mitään ei ole tapahtunut.", "Inget har hänt.", "Nothing has happened.";
    InTheRound: "Seulontakierros", "Screeningomgång", "Round";
    Sending: "Lähetys", "Sändning", "Sending";
    SaidByAPerson: "Kirjattu", "Antecknat", "Put on record";
    TaskOpened: "Tehtävä avattu", "Uppgift öppnad", "Task opened";
    TaskClosed: "Tehtävä suljettu", "Uppgift stängd", "Task closed";

    // Operations.
    Operations: "Valvonta", "Drift", "Operations";
    EffectsTitle: "Lähtevät pyynnöt ja viestit", "Utgående remisser och meddelanden", "What leaves";
    EffectsGoOn: "Pyynnöt ja viestit lähtevät.", "Remisser och meddelanden går ut.", "Orders and messages leave.";
    StopEffects: "Pysäytä kaikki lähtevä", "Stoppa allt utgående", "Stop all that leaves";
    ResumeEffects: "Salli lähettäminen", "Tillåt sändning", "Let it leave again";
    Schedule: "Aikataulu", "Schema", "Schedule";
    ScheduledStep: "Vaihe", "Steg", "Step";
    ForDay: "Päivälle", "För dagen", "For the day";
    Began: "Alkoi (UTC)", "Började (UTC)", "Began (UTC)";
    Ended: "Päättyi (UTC)", "Slutade (UTC)", "Ended (UTC)";
    HowItEnded: "Miten päättyi", "Hur det slutade", "How it ended";
    NothingServed: "Aikataulun mukaan ei ole vielä tehty mitään.", "Inget har ännu gjorts enligt schemat.", "Nothing has been done by the schedule yet.";
    StepPull: "tietojen haku", "hämtning av uppgifter", "pull";
    StepRun: "päätökset", "beslut", "run";
    StepDispatch: "lähetys", "utskick", "dispatch";
    StepReconcile: "täsmäytys", "avstämning", "reconciliation";
    StepLearn: "oppiminen", "lärande", "learning";
    EndedDone: "valmis", "klart", "done";
    EndedHeld: "valmis, mutta mitään ei lähetetty", "klart, men inget skickades", "done, but nothing may be asked of anybody";
    EndedDiffers: "valmis, eroja löytyi", "klart, skillnader hittades", "done, differences were found";
    EndedFailed: "epäonnistui", "misslyckades", "failed";
    EndedAbandoned: "keskeytettiin", "avbröts", "abandoned";
    EndedInterrupted: "keskeytyi", "avbröts utan besked", "interrupted";
    IsUnderWay: "kesken", "pågår", "under way";
    RunDecides: "Ajo on kesken. Päätetty:", "En körning pågår. Beslut fattade:", "A run is under way. Decided about:";
    Alarms: "Hälytykset", "Larm", "Alarms";
    NoAlarms: "Ei hälytyksiä", "Inga larm", "No alarm on";
    Runs: "Seulonta-ajot", "Screeningkörningar", "Runs";
    Run: "Ajo", "Körning", "Run";
    NothingRun: "Yhtään ajoa ei ole.", "Det finns ingen körning.", "No run has decided yet.";
    Residents: "Asukkaita", "Invånare", "Residents";
    Acted: "Lähetti pyyntöjä", "Sände remisser", "Acted";
    Written: "Kirjattu (UTC)", "Antecknat (UTC)", "Written (UTC)";
    DecisionsHash: "Päätösten tiiviste", "Beslutens hash", "Hash of the decisions";
    Yes: "kyllä", "ja", "yes";
    No: "ei", "nej", "no";
    Coverage: "Kattavuus", "Täckning", "Coverage";
    EverybodyOnce: "asukasta, jokainen yhdessä tilassa.", "invånare, var och en i ett läge.", "residents, each in one standing.";
    AddsUp: "Luvut täsmäävät.", "Talen stämmer.", "It adds up.";
    DoesNotAddUp: "Luvut eivät täsmää.", "Talen stämmer inte.", "It does not add up.";
    Together: "Yhteensä", "Sammanlagt", "Together";
    OperatorTasks: "Ylläpidon tehtävät", "Driftens uppgifter", "Tasks for operators";
    Outbox: "Lähtevien tilat", "Utgående efter läge", "Outbox";

    // Numbers and the model.
    Numbers: "Luvut ja malli", "Tal och modell", "Numbers and model";
    NobodyIsHere: "Tällä sivulla ei ole ketään tunnistettavaa; pieniä lukuja ei kerrota.",
        "Ingen kan identifieras på den här sidan; små tal berättas inte.",
        "Nobody can be known on this page; small numbers are not told.";
    NotTold: "ei kerrota", "berättas inte", "not told";
    NotKnown: "ei tiedossa", "inte känt", "not known";
    RulesInUse: "Käytössä olevat säännöt", "Regler i bruk", "Rules in use";
    Draft: "allekirjoittamaton luonnos", "osignerat utkast", "an unsigned draft";
    Models: "Uudelleenkalibroinnit", "Omkalibreringar", "Recalibrations";
    InForce: "Voimassa", "I kraft", "In force";
    ForAShare: "Osalle asukkaista", "För en del av invånarna", "For a share of residents";
    NoProposals: "Ehdotuksia ei ole.", "Det finns inga förslag.", "There are no proposals.";
    Proposal: "Ehdotus", "Förslag", "Proposal";
    Update: "Muutos", "Ändring", "Update";
    Verified: "Varmistettuja", "Verifierade", "Verified";
    Confirmed: "Vahvistettuja", "Bekräftade", "Confirmed";
    SignElsewhere: "Ehdotus koetellaan, allekirjoitetaan ja otetaan käyttöön komennolla preventio model; allekirjoitus vaatii allekirjoittajan avaimen.",
        "Ett förslag prövas, signeras och tas i bruk med kommandot preventio model; signaturen kräver signerarens nyckel.",
        "A proposal is tested, signed and put in force by the command preventio model; a signature needs the signer's key.";
    RollBack: "Peru viimeisin uudelleenkalibrointi", "Ta tillbaka den senaste omkalibreringen", "Take back the newest recalibration";

    // The audit.
    Audit: "Käyttöloki", "Användningslogg", "Audit";
    AuditWhole: "Ketju on ehjä.", "Kedjan är hel.", "The chain is whole.";
    AuditBroken: "Ketju on rikki:", "Kedjan är bruten:", "The chain is broken:";
    RecordsNewestFirst: "kirjausta, uusimmat ensin; sivulla enintään 200.", "anteckningar, de nyaste först; högst 200 på sidan.", "records, the newest first; at most 200 on the page.";
    Name: "Nimi", "Namn", "Name";
    What: "Mitä", "Vad", "What";
    Detail: "Tarkenne", "Detalj", "Detail";

    // What was done, and what was not.
    TaskIsClosed: "Tehtävä on suljettu.", "Uppgiften är stängd.", "The task is closed.";
    Reviewed: "Kirjattu.", "Antecknat.", "It is on record.";
    IsHandedOver: "Siirretty. Määräpäivä ei muutu.", "Överlämnad. Sista dagen ändras inte.", "It is handed over. Its last day stays as it is.";
    IsGivenBack: "Palautettu yhteiseksi.", "Tillbakalämnad.", "It is given back.";
    NoteWritten: "Muistiinpano on tallennettu.", "Anteckningen är sparad.", "The note is written.";
    RefusalRecorded: "Kieltäytyminen on kirjattu: asukkaalta ei kysytä mitään seuraavasta päätöksestä alkaen.",
        "Avböjandet är antecknat: av invånaren frågas inget från och med nästa beslut.",
        "The refusal is on record: nothing is asked of this resident from the next decision on.";
    RefusalTakenBack: "Kieltäytyminen on peruttu: seuraava ajo päättää uudelleen.",
        "Avböjandet är tillbakataget: nästa körning beslutar på nytt.",
        "The refusal is taken back: the next run decides again.";
    RolledBack: "Uudelleenkalibrointi on peruttu.", "Omkalibreringen är tillbakatagen.", "The recalibration is taken back.";
    NotDone: "Mitään ei tehty", "Inget gjordes", "Nothing was done";
    TickAndSayWhy: "Valitse vähintään yksi pyyntö ja kirjoita perustelu.", "Markera minst en remiss och skriv en motivering.", "Tick at least one order, and give a reason.";
    ConcludeAndSayWhy: "Valitse johtopäätös ja kirjoita, mitä siitä tuli.", "Välj en slutsats och skriv vad det blev av det.", "Choose a conclusion, and say what came of it.";
    SayWhy: "Kirjoita perustelu; päivä on muotoa VVVV-KK-PP.", "Skriv en motivering; dagen skrivs ÅÅÅÅ-MM-DD.", "Give a reason; a day is written YYYY-MM-DD.";
    SayToWhomAndWhy: "Kirjoita perustelu ja joko nimi tai rooli, ei molempia.", "Skriv en motivering och antingen ett namn eller en roll, inte båda.", "Give a reason, and either a name or a role, not both.";
    NobodysAlready: "Tämä ei ole kenelläkään.", "Det här är inte hos någon.", "Nobody has this in hand.";
    NothingTakenBack: "Mitään ei ole kumottavissa: pyynnöt ovat jo lähteneet, tai niistä on sen jälkeen sanottu muuta.",
        "Inget kan ångras: remisserna har redan lämnats, eller så har något annat sagts om dem sedan dess.",
        "Nothing can be undone: the orders have left already, or something else was said of them since.";
    NoteEmpty: "Kirjoita muistiinpano.", "Skriv en anteckning.", "Write the note.";
    NoteTooLong: "Muistiinpano on liian pitkä: enintään 4 000 merkkiä. Pidempi kuuluu potilaskertomukseen. Palaa sivulle ja lyhennä.",
        "Anteckningen är för lång: högst 4 000 tecken. Det som är längre hör till journalen. Gå tillbaka och förkorta.",
        "The note is too long: 4,000 characters at most. What is longer belongs in the record. Go back and make it shorter.";
    HasLeftWhy: "Pyyntö on jo lähtenyt tai sitä ei enää ole.", "Remissen har redan lämnats eller finns inte längre.", "The order has left already, or is not there any more.";
    ClosedAlready: "Joku on jo sulkenut tehtävän.", "Någon har redan stängt uppgiften.", "Somebody has closed the task already.";
    RefusalDoesNotFit: "Kieltäytyminen on jo kirjattu tai peruttu, tai päivä on väärä.",
        "Avböjandet är redan antecknat eller tillbakataget, eller så är dagen fel.",
        "The refusal is on record or taken back already, or the day is wrong.";
    NothingInForce: "Mikään uudelleenkalibrointi ei ole voimassa.", "Ingen omkalibrering är i kraft.", "No recalibration is in force.";
    BusyWhy: "Haku tai ajo on kesken. Yritä hetken päästä uudelleen.", "En hämtning eller körning pågår. Försök igen om en stund.", "A pull or a run is under way. Try again in a moment.";
}
