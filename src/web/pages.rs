//! What every request goes through, and which page answers it.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, DefaultBodyLimit, Request, State};
use axum::http::{HeaderMap, HeaderName, Response, StatusCode, Uri, header};
use axum::routing::{MethodFilter, on};
use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};

use super::answer::{Content, Cookie, Transport, response};
use super::asked::{Asked, Words, language_of};
use super::limits::Limits;
use super::page::{Reader, csrf, page, trouble};
use super::provider::Left;
use super::route::{Route, Verb};
use super::sessions::{Lasting, NoRandomness, Sessions, Ticket};
use super::texts::Text;
use super::{
    audits, drawn, hand_over, notes, operations, research, resident, reviewing, sign_in, worklist,
};
use crate::config::{Config, Web};
use crate::rulebook::{Language, Rulebook};
use crate::steps::{Access, DataFolder, RunProgress, StepError, Switch, Worklists};

/// The longest form that is read, in bytes.
const LONGEST_FORM: usize = 64 * 1024;

/// By whom people are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignInBy {
    /// The provider of the configuration.
    Provider,
    /// Their own word: a trial on this machine, and every page says so.
    OwnWord,
}

/// The instant that it is.
type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;
/// The day that it is in the time of the place.
type Calendar = Arc<dyn Fn() -> Date + Send + Sync>;

/// What pages need.
#[derive(Clone)]
pub struct WebOptions {
    /// The data folder.
    pub root: PathBuf,
    /// The rules.
    pub rulebook: Rulebook,
    /// The site's configuration.
    pub config: Config,
    /// What it says of pages.
    pub web: Web,
    /// By whom people are known.
    pub sign_in_by: SignInBy,
    /// The instant that it is.
    pub now: Clock,
    /// The day that it is in the time of the place.
    pub today: Calendar,
    /// Tells operators what went wrong: a line each, nobody in it.
    pub tell: Arc<dyn Fn(&str) + Send + Sync>,
    /// How far a run is that decides now, in this process.
    pub progress: Arc<RunProgress>,
}

/// Why there are no pages.
#[derive(Debug, thiserror::Error)]
pub enum WebError {
    /// Anybody could be anybody, from anywhere.
    #[error(
        "`--dev` lets anybody sign in as anybody: only in a trial, and only for this machine\nhint: `[site] trial = true`, and `[web] listen` on 127.0.0.1"
    )]
    NotForDev,
    /// Nobody says who somebody is.
    #[error(
        "`[web]` names no provider by which people sign in\nhint: `issuer`, or `serve --dev` in a trial"
    )]
    NoProvider,
    /// There are no random numbers.
    #[error("the system has no random numbers: nobody can sign in")]
    NoRandomness,
}

/// The pages, and who has signed in.
pub(super) struct Pages {
    pub(super) options: Arc<WebOptions>,
    pub(super) sessions: Sessions<Left>,
    pub(super) limits: Limits,
    pub(super) worklists: Arc<Mutex<Worklists>>,
    transport: Transport,
    /// What forms are sealed with; gone with the process.
    key: [u8; 32],
}

/// Why a request has no page of its own.
pub(super) enum Failed {
    /// It says what somebody may see nothing of, or what is not there: no difference is told.
    NotFound,
    /// Somebody else is at work on the data folder; nothing was done.
    Busy,
    /// A step did not work; operators have been told.
    Step,
}

/// What a page answers with.
pub(super) type Outcome = Result<(Content, Cookie), Failed>;

/// The pages, to be served at `[web] listen`; `here` is the address at which they really are.
///
/// # Errors
///
/// When nobody could say who somebody is, or anybody could be anybody where that must not be.
pub fn pages(options: WebOptions, here: SocketAddr) -> Result<Router, WebError> {
    let mut options = options;
    match options.sign_in_by {
        SignInBy::OwnWord if !(options.config.site.trial && here.ip().is_loopback()) => {
            return Err(WebError::NotForDev);
        }
        SignInBy::Provider if options.web.provider.is_none() => return Err(WebError::NoProvider),
        SignInBy::OwnWord | SignInBy::Provider => {}
    }
    let address = options.web.address.take();
    let address = address.unwrap_or_else(|| format!("http://{here}"));
    let transport = match address.starts_with("https://") {
        true => Transport::Encrypted,
        false => Transport::Plain,
    };
    options.web.address = Some(address);
    let mut key = [0; 32];
    aws_lc_rs::rand::fill(&mut key).map_err(|_| WebError::NoRandomness)?;
    let minutes = |n: u32| SignedDuration::from_mins(n.into());
    let lasting = Lasting {
        idle: minutes(options.web.idle_minutes),
        longest: minutes(options.web.longest_minutes),
    };
    let now = (options.now)();
    let pages = Arc::new(Pages {
        worklists: Arc::new(Mutex::new(Worklists::of(options.root.clone()))),
        options: Arc::new(options),
        sessions: Sessions::new(lasting),
        limits: Limits::new(now),
        transport,
        key,
    });
    let mut router = Router::new();
    for route in Route::ALL {
        let method = match route.verb() {
            Verb::Get => MethodFilter::GET,
            Verb::Post => MethodFilter::POST,
        };
        let answers =
            move |State(pages): State<Arc<Pages>>,
                  ConnectInfo(from): ConnectInfo<SocketAddr>,
                  request: Request| async move { pages.answers(route, from, request).await };
        router = router.route(route.path(), on(method, answers));
    }
    let nowhere = |State(pages): State<Arc<Pages>>, request: Request| async move {
        let language = language_of(request.headers());
        let what = (Text::NotFound, Text::NotFoundWhy);
        pages.turned_away(language, StatusCode::NOT_FOUND, what)
    };
    Ok(router
        .fallback(nowhere)
        .method_not_allowed_fallback(nowhere)
        .layer(DefaultBodyLimit::max(LONGEST_FORM))
        .with_state(pages))
}

impl Pages {
    async fn answers(&self, route: Route, from: SocketAddr, request: Request) -> Response<Body> {
        if !self.is_for_us(request.headers(), request.uri()) {
            let what = (Text::NotFound, Text::NotFoundWhy);
            let status = StatusCode::MISDIRECTED_REQUEST;
            return self.turned_away(Language::Finnish, status, what);
        }
        if route == Route::Style {
            let style = Content::Style(include_str!("style.css"));
            return response(self.transport, style, Cookie::Same);
        }
        let now = (self.options.now)();
        let held = self.transport.ticket(request.headers());
        let session = held.as_ref().and_then(|held| self.sessions.of(held, now));
        let (ticket, cookie) = match held {
            Some(held) => (held, Cookie::Same),
            None => match Ticket::new() {
                Ok(ticket) => (ticket.clone(), Cookie::New(ticket)),
                Err(NoRandomness) => {
                    let what = (Text::DidNotWork, Text::DidNotWorkWhy);
                    let status = StatusCode::INTERNAL_SERVER_ERROR;
                    return self.turned_away(Language::Finnish, status, what);
                }
            },
        };
        let spoken = language_of(request.headers());
        let is_from_here = self.is_from_here(request.headers());
        let Some(words) = Words::read(route, request).await else {
            let what = (Text::NotFromHere, Text::NotFromHereWhy);
            return self.turned_away(Language::Finnish, StatusCode::BAD_REQUEST, what);
        };
        let language = match (&session, route) {
            (Some(session), _) => session.language,
            (None, _) => words.language().unwrap_or(spoken),
        };
        let is_sealed = words.seal() == Some(&*csrf(&self.key, &ticket));
        let asked = words.asked((route, from.ip(), now), (ticket, session), language);
        let roles = asked.session.as_ref();
        let roles = roles.map(|session| session.staff.roles.as_slice());
        let outcome = if route.verb() == Verb::Post && !(is_sealed && is_from_here) {
            let (title, why) = (Text::NotFromHere, Text::NotFromHereWhy);
            Ok((
                self.refusal(&asked, StatusCode::FORBIDDEN, title, why),
                Cookie::Same,
            ))
        } else if !route.is_open_to(roles) {
            Ok((self.not_open(&asked), Cookie::Same))
        } else {
            self.page_of(&asked).await
        };
        let (content, given) = outcome.unwrap_or_else(|failed| {
            let content = match failed {
                Failed::NotFound => {
                    let (title, why) = (Text::NotFound, Text::NotFoundWhy);
                    self.refusal(&asked, StatusCode::NOT_FOUND, title, why)
                }
                Failed::Busy => {
                    let (title, why) = (Text::NotDone, Text::BusyWhy);
                    self.refusal(&asked, StatusCode::SERVICE_UNAVAILABLE, title, why)
                }
                Failed::Step => {
                    let (title, why) = (Text::DidNotWork, Text::DidNotWorkWhy);
                    self.refusal(&asked, StatusCode::INTERNAL_SERVER_ERROR, title, why)
                }
            };
            (content, Cookie::Same)
        });
        let cookie = match given {
            Cookie::New(ticket) => Cookie::New(ticket),
            Cookie::Same => cookie,
        };
        response(self.transport, content, cookie)
    }

    async fn page_of(&self, asked: &Asked) -> Outcome {
        match asked.route {
            // Answered before it was known who asks.
            Route::Style => Err(Failed::NotFound),
            Route::SignIn => sign_in::form(self, asked, None),
            Route::SignInAtProvider => sign_in::leave(self, asked).await,
            Route::SignedInAtProvider => sign_in::arrive(self, asked).await,
            Route::SignInForTrial => sign_in::by_own_word(self, asked).await,
            Route::ChooseLanguage => Ok(sign_in::speak(self, asked)),
            Route::SignOut => Ok(sign_in::out(self, asked)),
            Route::Start => sign_in::start(self, asked),
            Route::Worklist => worklist::list(self, asked).await,
            Route::ReviewOrders => reviewing::review(self, asked).await,
            Route::UndoReview => reviewing::undo(self, asked).await,
            Route::Drawn => drawn::list(self, asked).await,
            Route::Resident => resident::show(self, asked).await,
            Route::Letter => resident::letter(self, asked).await,
            Route::ReviewOrder => resident::review(self, asked).await,
            Route::CloseTask => resident::close(self, asked).await,
            Route::HandOver => hand_over::hand_over(self, asked).await,
            Route::WriteNote => notes::write(self, asked).await,
            Route::OptOut => resident::opt_out(self, asked).await,
            Route::Operations => operations::show(self, asked).await,
            Route::SwitchEffects => operations::switch_effects(self, asked).await,
            Route::Numbers => research::show(self, asked).await,
            Route::RollBack => research::roll_back(self, asked).await,
            Route::Audit => audits::show(self, asked).await,
        }
    }

    /// For whom a page is made.
    pub(super) fn reader<'a>(&self, asked: &'a Asked, seal: &'a str) -> Reader<'a> {
        Reader {
            language: asked.language,
            session: asked.session.as_ref(),
            csrf: seal,
            is_trial: self.options.sign_in_by == SignInBy::OwnWord,
            // Signed out nobody learns how the programme is.
            is_stopped: asked.session.is_some() && Switch::of(&self.options.root).is_stopped(),
        }
    }

    /// What a form for the browser that asks is sealed with.
    pub(super) fn seal(&self, asked: &Asked) -> String {
        csrf(&self.key, &asked.ticket)
    }

    /// A page of its own for who asks.
    pub(super) fn shows(
        &self,
        asked: &Asked,
        title: Text,
        content: impl FnOnce(&Reader<'_>) -> maud::Markup,
    ) -> Content {
        let seal = self.seal(asked);
        let reader = self.reader(asked, &seal);
        let content = content(&reader);
        Content::Page(StatusCode::OK, page(&reader, reader.says(title), &content))
    }

    /// A page that says why there is no other.
    pub(super) fn refusal(
        &self,
        asked: &Asked,
        status: StatusCode,
        title: Text,
        why: Text,
    ) -> Content {
        let seal = self.seal(asked);
        Content::Page(status, trouble(&self.reader(asked, &seal), title, why))
    }

    /// Says why nothing was done.
    pub(super) fn not_done(&self, asked: &Asked, status: StatusCode, why: Text) -> Outcome {
        let refusal = self.refusal(asked, status, Text::NotDone, why);
        Ok((refusal, Cookie::Same))
    }

    /// Whoever has not signed in does so first; who may not is told.
    fn not_open(&self, asked: &Asked) -> Content {
        match asked.session {
            None => Content::See(Route::SignIn.path().to_owned()),
            Some(_) => {
                let (title, why) = (Text::NotAllowed, Text::NotAllowedWhy);
                self.refusal(asked, StatusCode::FORBIDDEN, title, why)
            }
        }
    }

    /// Whether a request means us by the name that people type: no other site's name leads here.
    fn is_for_us(&self, headers: &HeaderMap, uri: &Uri) -> bool {
        let named = headers
            .get(header::HOST)
            .and_then(|host| host.to_str().ok());
        let host = named.or(uri.host());
        let address = self.options.web.address.as_deref().unwrap_or_default();
        let own = address.split_once("://").map_or("", |(_, rest)| rest);
        host.is_some_and(|host| host.eq_ignore_ascii_case(own))
    }

    /// Whether a form comes from one of our pages, as far as the browser says.
    fn is_from_here(&self, headers: &HeaderMap) -> bool {
        let says = |name: HeaderName| headers.get(name).map(|value| value.as_bytes());
        let address = self.options.web.address.as_deref().unwrap_or_default();
        let site = says(HeaderName::from_static("sec-fetch-site"));
        says(header::ORIGIN).is_none_or(|origin| origin == address.as_bytes())
            && site.is_none_or(|site| site == b"same-origin")
    }

    /// A page for nobody in particular.
    fn turned_away(
        &self,
        language: Language,
        status: StatusCode,
        (title, why): (Text, Text),
    ) -> Response<Body> {
        let reader = Reader {
            language,
            session: None,
            csrf: "",
            is_trial: self.options.sign_in_by == SignInBy::OwnWord,
            is_stopped: false,
        };
        let page = trouble(&reader, title, why);
        response(self.transport, Content::Page(status, page), Cookie::Same)
    }

    /// Does something with the data folder; others may write to it meanwhile.
    pub(super) async fn does<T: Send + 'static>(
        &self,
        what: impl FnOnce(&mut DataFolder, &WebOptions) -> Result<T, StepError> + Send + 'static,
    ) -> Result<T, Failed> {
        self.opens(Access::Read, what).await
    }

    /// Does something that must be alone with the data folder.
    pub(super) async fn writes<T: Send + 'static>(
        &self,
        what: impl FnOnce(&mut DataFolder, &WebOptions) -> Result<T, StepError> + Send + 'static,
    ) -> Result<T, Failed> {
        self.opens(Access::WriteExisting, what).await
    }

    async fn opens<T: Send + 'static>(
        &self,
        access: Access,
        what: impl FnOnce(&mut DataFolder, &WebOptions) -> Result<T, StepError> + Send + 'static,
    ) -> Result<T, Failed> {
        let options = Arc::clone(&self.options);
        self.waits(move || {
            let mut data = DataFolder::open(&options.root, access)?;
            what(&mut data, &options)
        })
        .await
    }

    /// Does something on a thread that may wait.
    pub(super) async fn waits<T: Send + 'static>(
        &self,
        what: impl FnOnce() -> Result<T, StepError> + Send + 'static,
    ) -> Result<T, Failed> {
        match tokio::task::spawn_blocking(what).await {
            Ok(Ok(done)) => Ok(done),
            // What somebody typed may be in these: they are for nobody else.
            Ok(Err(StepError::UnknownResident(_) | StepError::AmbiguousResident(..))) => {
                Err(Failed::NotFound)
            }
            Ok(Err(StepError::Busy(_))) => Err(Failed::Busy),
            Ok(Err(error)) => Err(self.tell(&error)),
            Err(_) => {
                (self.options.tell)("web: a page broke down");
                Err(Failed::Step)
            }
        }
    }

    /// Tells operators what went wrong.
    pub(super) fn tell(&self, error: &dyn std::error::Error) -> Failed {
        let mut text = format!("web: {error}");
        let mut cause = error.source();
        while let Some(error) = cause {
            text.push_str(&format!(": {error}"));
            cause = error.source();
        }
        (self.options.tell)(&text);
        Failed::Step
    }
}
