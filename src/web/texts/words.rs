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
}
