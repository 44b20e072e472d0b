//! Signing in and out, the language, and the first page.

use axum::http::StatusCode;
use maud::{Markup, html};

use super::answer::{Content, Cookie};
use super::asked::Asked;
use super::page::{Reader, seal};
use super::pages::{Failed, Outcome, Pages, SignInBy};
use super::provider;
use super::route::Route;
use super::sessions::{Staff, Ticket, tame};
use super::texts::Text;
use crate::config::{Reach, Role};
use crate::ledger::AuditAct;
use crate::rulebook::Language;

/// Where somebody signs in; whoever has goes on.
pub(super) fn form(pages: &Pages, asked: &Asked, mistake: Option<Text>) -> Outcome {
    if asked.session.is_some() {
        return Ok(see(Route::Start));
    }
    let by = pages.options.sign_in_by;
    let mut content = pages.shows(asked, Text::SignIn, |reader| match by {
        SignInBy::Provider => at_provider(reader),
        SignInBy::OwnWord => for_trial(reader, mistake),
    });
    if let (Content::Page(status, _), Some(_)) = (&mut content, mistake) {
        *status = StatusCode::UNPROCESSABLE_ENTITY;
    }
    Ok((content, Cookie::Same))
}

fn at_provider(reader: &Reader<'_>) -> Markup {
    html! {
        p { (reader.says(Text::SignedOutNote)) }
        p { a.button href=(Route::SignInAtProvider.path()) { (reader.says(Text::SignInAtProvider)) } }
    }
}

fn for_trial(reader: &Reader<'_>, mistake: Option<Text>) -> Markup {
    html! {
        p { (reader.says(Text::SignedOutNote)) }
        form method="post" action=(Route::SignInForTrial.path()) {
            (seal(reader))
            input type="hidden" name="language" value=(reader.language.code());
            @if let Some(mistake) = mistake {
                p.error #mistake role="alert" { (reader.says(mistake)) }
            }
            label for="name" { (reader.says(Text::YourName)) }
            input #name name="name" type="text" required autocomplete="name" maxlength="80"
                aria-describedby=[mistake.map(|_| "mistake")];
            label for="role" { (reader.says(Text::YourRole)) }
            select #role name="role" {
                @for (name, _) in Role::NAMES { option value=(name) { (reader.code(name)) } }
            }
            label for="districts" { (reader.says(Text::YourDistricts)) }
            input #districts name="districts" type="text" autocomplete="off";
            div.actions { button type="submit" { (reader.says(Text::SignIn)) } }
        }
    }
}

/// Sends a browser to the provider.
pub(super) async fn leave(pages: &Pages, asked: &Asked) -> Outcome {
    if pages.options.sign_in_by != SignInBy::Provider {
        return Err(Failed::NotFound);
    }
    if !pages.limits.lets(asked.from, asked.now) {
        return Ok(too_often(pages, asked));
    }
    let departure = match provider::leave(&pages.options.web).await {
        Ok(departure) => departure,
        Err(error) => return Ok(failed(pages, asked, &error)),
    };
    let (state, left) = (departure.state, departure.left);
    match pages.sessions.leave(state, &asked.ticket, left, asked.now) {
        Ok(()) => Ok((Content::See(departure.to), Cookie::Same)),
        Err(error) => Ok(failed(pages, asked, &error)),
    }
}

/// Takes a browser back from the provider.
pub(super) async fn arrive(pages: &Pages, asked: &Asked) -> Outcome {
    if pages.options.sign_in_by != SignInBy::Provider {
        return Err(Failed::NotFound);
    }
    if !pages.limits.lets(asked.from, asked.now) {
        return Ok(too_often(pages, asked));
    }
    let left = pages
        .sessions
        .back(asked.field("state"), &asked.ticket, asked.now);
    let (Some(left), false) = (left, asked.field("code").is_empty()) else {
        // Also when the provider says why it signs nobody in: it is theirs to say.
        return Ok(not_signed_in(pages, asked));
    };
    let code = asked.field("code").to_owned();
    match provider::arrive(&pages.options.web, left, code).await {
        Ok(staff) => begin(pages, asked, staff).await,
        Err(error) => Ok(failed(pages, asked, &error)),
    }
}

/// Signs somebody in who says who they are: in a trial on this machine.
pub(super) async fn by_own_word(pages: &Pages, asked: &Asked) -> Outcome {
    if pages.options.sign_in_by != SignInBy::OwnWord {
        return Err(Failed::NotFound);
    }
    if !pages.limits.lets(asked.from, asked.now) {
        return Ok(too_often(pages, asked));
    }
    let name = tame(asked.field("name"));
    if name.is_empty() {
        return form(pages, asked, Some(Text::NameMissing));
    }
    let role = Role::called(asked.field("role")).ok_or(Failed::NotFound)?;
    let staff = Staff {
        name,
        subject: "trial".to_owned(),
        roles: vec![role],
        reach: reach(role, asked.field("districts")),
    };
    begin(pages, asked, staff).await
}

fn reach(role: Role, districts: &str) -> Reach {
    let names = districts.split(',').map(str::trim);
    let names: Vec<String> = names
        .filter(|name| !name.is_empty())
        .map(str::to_owned)
        .collect();
    match (role, names.is_empty()) {
        (Role::Clinician, true) => Reach::Everybody,
        (Role::Clinician, false) => Reach::Districts(names),
        (
            Role::Researcher | Role::Operator | Role::MedicalLead | Role::DataProtectionOfficer,
            _,
        ) => Reach::Nobody,
    }
}

/// Begins a session under a new name, once it is on record who has signed in.
async fn begin(pages: &Pages, asked: &Asked, staff: Staff) -> Outcome {
    let who = staff.on_record();
    let roles: Vec<&str> = staff.roles.iter().map(|role| role.name()).collect();
    let roles = roles.join(",");
    pages
        .does(move |data, _| data.audit(&who, AuditAct::SignedIn, None, &roles))
        .await?;
    let ticket = Ticket::new().map_err(|error| pages.tell(&error))?;
    let begun = pages
        .sessions
        .begin(&ticket, staff, asked.language, asked.now);
    if let Err(error) = begun {
        return Ok(failed(pages, asked, &error));
    }
    // Whatever the browser held before is nobody's name from now on.
    pages.sessions.end(&asked.ticket);
    let start = Content::See(Route::Start.path().to_owned());
    Ok((start, Cookie::New(ticket)))
}

/// Ends a session.
pub(super) fn out(pages: &Pages, asked: &Asked) -> (Content, Cookie) {
    pages.sessions.end(&asked.ticket);
    see(Route::SignIn)
}

/// Another language, for the session or for the page where somebody signs in.
pub(super) fn speak(pages: &Pages, asked: &Asked) -> (Content, Cookie) {
    let Some(language) = Language::called(asked.field("language")) else {
        return see(Route::Start);
    };
    match asked.session {
        Some(_) => {
            pages.sessions.speak(&asked.ticket, language);
            see(Route::Start)
        }
        None => {
            let code = language.code();
            let to = format!("{}?language={code}", Route::SignIn.path());
            (Content::See(to), Cookie::Same)
        }
    }
}

/// What somebody may do here.
pub(super) fn start(pages: &Pages, asked: &Asked) -> Outcome {
    let content = pages.shows(asked, Text::Start, |reader| match reader.session {
        Some(session) => may_do(reader, &session.staff),
        None => html! {},
    });
    Ok((content, Cookie::Same))
}

fn may_do(reader: &Reader<'_>, staff: &Staff) -> Markup {
    html! {
        @if staff.roles.is_empty() {
            p { (reader.says(Text::MayDoNothing)) }
        } @else {
            h2 { (reader.says(Text::YourRoles)) }
            ul { @for role in &staff.roles { li { (reader.code(role.name())) } } }
            @match &staff.reach {
                Reach::Nobody => {}
                Reach::Everybody => p { (reader.says(Text::SeesEverybody)) }
                Reach::Districts(names) => p {
                    (reader.says(Text::SeesDistricts)) " " (names.join(", "))
                }
            }
        }
    }
}

fn see(route: Route) -> (Content, Cookie) {
    (Content::See(route.path().to_owned()), Cookie::Same)
}

fn too_often(pages: &Pages, asked: &Asked) -> (Content, Cookie) {
    let (title, why) = (Text::TooOften, Text::TooOftenWhy);
    let refusal = pages.refusal(asked, StatusCode::TOO_MANY_REQUESTS, title, why);
    (refusal, Cookie::Same)
}

fn not_signed_in(pages: &Pages, asked: &Asked) -> (Content, Cookie) {
    let (title, why) = (Text::SignInFailed, Text::SignInFailedWhy);
    let refusal = pages.refusal(asked, StatusCode::FORBIDDEN, title, why);
    (refusal, Cookie::Same)
}

fn failed(pages: &Pages, asked: &Asked, error: &dyn std::error::Error) -> (Content, Cookie) {
    pages.tell(error);
    not_signed_in(pages, asked)
}
