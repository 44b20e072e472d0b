//! What every page has around it.

use maud::{DOCTYPE, Markup, html};

use super::route::Route;
use super::sessions::{Session, Ticket};
use super::texts::{Text, code_in_words};
use crate::config::Role;
use crate::rulebook::Language;

/// The name of the field that says that a form is one of ours.
pub(super) const CSRF: &str = "csrf";

/// For whom a page is made.
pub(super) struct Reader<'a> {
    pub(super) language: Language,
    /// Who has signed in.
    pub(super) session: Option<&'a Session>,
    /// What their forms carry.
    pub(super) csrf: &'a str,
    /// Whether anybody may sign in as anybody.
    pub(super) is_trial: bool,
    /// Whether effects are stopped.
    pub(super) is_stopped: bool,
}

impl Reader<'_> {
    /// The words of the reader's language.
    pub(super) const fn says(&self, text: Text) -> &'static str {
        text.in_words(self.language)
    }

    /// A code in the reader's language, or as it is.
    pub(super) fn code<'c>(&self, code: &'c str) -> &'c str {
        self.known_code(code).unwrap_or(code)
    }

    /// A standing of coverage, whose second part says what is missing in the first.
    pub(super) fn standing(&self, name: &str) -> String {
        match name.split_once(':') {
            Some((one, more)) => format!("{}: {}", self.code(one), self.code(more)),
            None => self.code(name).to_owned(),
        }
    }

    /// A code in the reader's language; `None` for one of the rules.
    pub(super) fn known_code(&self, code: &str) -> Option<&'static str> {
        code_in_words(code, self.language)
    }

    /// The roles of who has signed in.
    pub(super) fn roles(&self) -> Option<&[Role]> {
        self.session.map(|session| session.staff.roles.as_slice())
    }
}

/// What a form is checked by: only the browser that holds the ticket is shown it.
pub(super) fn csrf(key: &[u8; 32], ticket: &Ticket) -> String {
    blake3::keyed_hash(key, ticket.text().as_bytes())
        .to_hex()
        .to_string()
}

/// The hidden field of a form.
pub(super) fn seal(reader: &Reader<'_>) -> Markup {
    html! { input type="hidden" name=(CSRF) value=(reader.csrf); }
}

/// Pages of the main menu, each with its title.
const MENU: [(Route, Text); 6] = [
    (Route::Start, Text::Start),
    (Route::Worklist, Text::Worklist),
    (Route::Drawn, Text::Drawn),
    (Route::Operations, Text::Operations),
    (Route::Numbers, Text::Numbers),
    (Route::Audit, Text::Audit),
];

/// What was done, by its word in an address; any other word says nothing.
const DONE: [(&str, Text); 10] = [
    ("closed", Text::TaskIsClosed),
    ("reviewed", Text::Reviewed),
    ("handed-over", Text::IsHandedOver),
    ("given-back", Text::IsGivenBack),
    ("noted", Text::NoteWritten),
    ("opted-out", Text::RefusalRecorded),
    ("taken-back", Text::RefusalTakenBack),
    ("stopped", Text::EffectsStopped),
    ("resumed", Text::EffectsGoOn),
    ("rolled-back", Text::RolledBack),
];

/// Says what was done just now.
pub(super) fn done(reader: &Reader<'_>, word: &str) -> Markup {
    let known = DONE.iter().find(|(known, _)| *known == word);
    html! {
        @if let Some((_, text)) = known { p.done role="status" { (reader.says(*text)) } }
    }
}

/// A whole page.
pub(super) fn page(reader: &Reader<'_>, title: &str, content: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang=(reader.language.code()) {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (title) " – PreventioJyrää" }
                link rel="stylesheet" href=(Route::Style.path());
            }
            body {
                a.skip href="#content" { (reader.says(Text::SkipToContent)) }
                (banners(reader))
                header {
                    p.brand { "PreventioJyrää" }
                    (menu(reader))
                    (languages(reader))
                    (signed_in(reader))
                }
                main #content tabindex="-1" {
                    h1 { (title) }
                    (content)
                }
                footer { p { (reader.says(Text::NotADevice)) } }
            }
        }
    }
}

fn banners(reader: &Reader<'_>) -> Markup {
    html! {
        @if reader.is_trial || reader.is_stopped {
            section.banners aria-label="!" {
                @if reader.is_trial { p.banner { (reader.says(Text::TrialSignIn)) } }
                @if reader.is_stopped { p.banner { (reader.says(Text::EffectsStopped)) } }
            }
        }
    }
}

fn menu(reader: &Reader<'_>) -> Markup {
    let open = MENU
        .iter()
        .filter(|(route, _)| route.is_open_to(reader.roles()));
    html! {
        @if reader.session.is_some() {
            nav aria-label=(reader.says(Text::MainNavigation)) {
                ul {
                    @for (route, text) in open {
                        li { a href=(route.path()) { (reader.says(*text)) } }
                    }
                }
            }
        }
    }
}

fn languages(reader: &Reader<'_>) -> Markup {
    let names = [
        (Language::Finnish, "Suomi"),
        (Language::Swedish, "Svenska"),
        (Language::English, "English"),
    ];
    html! {
        form.languages method="post" action=(Route::ChooseLanguage.path())
            aria-label=(reader.says(Text::ChooseLanguage))
        {
            (seal(reader))
            @for (language, name) in names {
                button.plain type="submit" name="language" value=(language.code())
                    lang=(language.code())
                    aria-pressed=(if language == reader.language { "true" } else { "false" })
                { (name) }
            }
        }
    }
}

fn signed_in(reader: &Reader<'_>) -> Markup {
    html! {
        @if let Some(session) = reader.session {
            form.signed-in method="post" action=(Route::SignOut.path()) {
                (seal(reader))
                span { (reader.says(Text::SignedInAs)) " " bdi { (session.staff.name) } }
                button.plain type="submit" { (reader.says(Text::SignOut)) }
            }
        }
    }
}

/// A part that may be wider than the screen: it scrolls by itself, with the keyboard too.
pub(super) fn wide(name: &str, content: &Markup) -> Markup {
    html! { div.wide tabindex="0" role="region" aria-label=(name) { (content) } }
}

/// A page that says what went wrong.
pub(super) fn trouble(reader: &Reader<'_>, title: Text, why: Text) -> Markup {
    let content = html! {
        p { (reader.says(why)) }
        p { a href=(Route::Start.path()) { (reader.says(Text::Start)) } }
    };
    page(reader, reader.says(title), &content)
}
