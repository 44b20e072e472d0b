//! The service over HTTP: which call it is, who calls, what is answered.

use std::path::PathBuf;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::State;
use axum::http::header::{self, HeaderName, HeaderValue};
use axum::http::{HeaderMap, Method, Request, Response, StatusCode};
use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::{Value, json};
use tokio::sync::Semaphore;

use super::answers::Answer;
use super::asked::{Asked, Looks};
use super::counts::{CdsCounts, CdsOutcome};
use super::feedback;
use super::service::{Service, discovery};
use super::shown::shown;
use crate::approval::Signature;
use crate::config::{Cds, CdsClient, Config};
use crate::fhir::{Callers, NotBelieved, SmartError, tests_requested};
use crate::ledger::{CardFeedback, CardShown};
use crate::rulebook::{LaboratoryId, Rulebook};
use crate::steps::{self, Access, CardAnswer, CardAsked, DataFolder, StepError, Switch};

/// Bytes of a body, at most: a record with years of results is some megabytes.
const MAX_BYTES: usize = 16 << 20;
/// Cards that are worked on at once, for each core.
const AT_ONCE: usize = 8;
/// The word under which feedback is counted.
const FEEDBACK: &str = "feedback";

/// What the service needs.
pub struct CdsOptions {
    /// The data folder.
    pub root: PathBuf,
    /// The rules.
    pub rulebook: Rulebook,
    /// The signature that lies beside them.
    pub signature: Option<Signature>,
    /// The configuration.
    pub config: Config,
    /// What it says of this service.
    pub cds: Cds,
    /// The instant by the machine's clock, by which tokens are judged.
    pub clock: fn() -> Timestamp,
    /// The instant of what is put on record.
    pub now: Arc<dyn Fn() -> Timestamp + Send + Sync>,
    /// The day of decisions.
    pub today: Arc<dyn Fn() -> Date + Send + Sync>,
    /// Tells operators how it goes; nobody in it.
    pub tell: Arc<dyn Fn(&str) + Send + Sync>,
    /// How often what was asked.
    pub counts: Arc<CdsCounts>,
}

struct Serving {
    options: CdsOptions,
    callers: Callers,
    /// How many are worked on at once.
    places: Arc<Semaphore>,
}

/// Which call it is.
#[derive(Clone, Copy)]
enum Call {
    Discovery,
    Service(Service),
    Feedback,
}

/// The services, ready to be listened for.
///
/// # Errors
///
/// When an address of keys is neither https nor of this machine.
pub fn services(options: CdsOptions) -> Result<Router, SmartError> {
    let callers = Callers::new(options.cds.callers(), options.clock)?;
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let serving = Arc::new(Serving {
        options,
        callers,
        places: Arc::new(Semaphore::new(cores * AT_ONCE)),
    });
    Ok(Router::new().fallback(answer).with_state(serving))
}

async fn answer(State(serving): State<Arc<Serving>>, request: Request<Body>) -> Response<Body> {
    let origin = request.headers().get(header::ORIGIN).cloned();
    let mut response = if request.method() == Method::OPTIONS {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::NO_CONTENT;
        response
    } else {
        serving.answer(request).await.response()
    };
    if let Some(origin) = origin.filter(|origin| serving.lets(origin)) {
        allow(response.headers_mut(), origin);
    }
    response
}

/// What a browser must be told before it lets a page ask.
fn allow(headers: &mut HeaderMap, origin: HeaderValue) {
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    let said: [(HeaderName, &'static str); 3] = [
        (header::ACCESS_CONTROL_ALLOW_METHODS, "GET, POST, OPTIONS"),
        (
            header::ACCESS_CONTROL_ALLOW_HEADERS,
            "Authorization, Content-Type",
        ),
        (header::VARY, "Origin"),
    ];
    for (name, value) in said {
        headers.insert(name, HeaderValue::from_static(value));
    }
}

impl Call {
    /// The call of a path; nothing where there is no such service.
    fn of(path: &str) -> Option<Self> {
        let rest = path.strip_prefix("/cds-services")?;
        if rest.is_empty() {
            return Some(Self::Discovery);
        }
        let rest = rest.strip_prefix('/')?;
        match rest.strip_suffix("/feedback") {
            Some(id) => Service::of(id).map(|_| Self::Feedback),
            None => Service::of(rest).map(Self::Service),
        }
    }

    /// What it is counted as.
    const fn counted(self) -> &'static str {
        match self {
            Self::Discovery => "discovery",
            Self::Service(service) => service.id(),
            Self::Feedback => FEEDBACK,
        }
    }
}

impl Serving {
    fn lets(&self, origin: &HeaderValue) -> bool {
        let origin = origin.to_str();
        origin.is_ok_and(|origin| self.options.cds.origins.contains(origin))
    }

    async fn answer(self: &Arc<Self>, request: Request<Body>) -> Answer {
        let Some(call) = Call::of(request.uri().path()) else {
            let why = "there is no such service";
            return Answer::wrong(StatusCode::NOT_FOUND, why, CdsOutcome::NotRead);
        };
        let wanted = match call {
            Call::Discovery => Method::GET,
            Call::Service(_) | Call::Feedback => Method::POST,
        };
        if *request.method() != wanted {
            let why = "services are listed by GET and asked by POST";
            return Answer::wrong(StatusCode::METHOD_NOT_ALLOWED, why, CdsOutcome::NotRead);
        }
        let answer = match call {
            Call::Discovery => Answer::good(discovery(&self.options.rulebook), CdsOutcome::Nothing),
            Call::Service(_) | Call::Feedback => match self.heard(request).await {
                Ok((client, body)) => self.in_time(call, client, body).await,
                Err(refused) => refused,
            },
        };
        self.options.counts.add(call.counted(), answer.outcome);
        answer
    }

    /// Who calls, and what they say.
    async fn heard(&self, request: Request<Body>) -> Result<(String, Vec<u8>), Answer> {
        let (parts, body) = request.into_parts();
        let token = parts.headers.get(header::AUTHORIZATION);
        let token = token.and_then(|token| token.to_str().ok());
        let token = token.and_then(|token| {
            let (scheme, token) = token.split_once(' ')?;
            scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
        });
        let address = format!("{}{}", self.options.cds.base, parts.uri.path());
        let believed = match token {
            Some(token) => self.callers.believed(token, &address).await,
            None => Err(NotBelieved::NoToken),
        };
        let client = believed.map_err(|why| {
            let status = match why {
                NotBelieved::KeysAway(_) => {
                    (self.options.tell)(&format!("cds: {why}"));
                    StatusCode::SERVICE_UNAVAILABLE
                }
                NotBelieved::NoToken
                | NotBelieved::Issuer
                | NotBelieved::OtherKeys
                | NotBelieved::NoKey
                | NotBelieved::Wrong
                | NotBelieved::TooLong
                | NotBelieved::TooOld
                | NotBelieved::Used => StatusCode::UNAUTHORIZED,
            };
            // What the keys' server said is for operators.
            let why = if let NotBelieved::KeysAway(_) = why {
                "the keys of the issuer cannot be had".to_owned()
            } else {
                why.to_string()
            };
            Answer::wrong(status, &why, CdsOutcome::NotBelieved)
        })?;
        let kind = parts.headers.get(header::CONTENT_TYPE);
        let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        let kind = kind.split(';').next().unwrap_or_default().trim();
        if !kind.eq_ignore_ascii_case("application/json") {
            let why = "the body is not application/json";
            let status = StatusCode::UNSUPPORTED_MEDIA_TYPE;
            return Err(Answer::wrong(status, why, CdsOutcome::NotRead));
        }
        let body = to_bytes(body, MAX_BYTES).await.map_err(|_| {
            let why = "the body is too large, or did not come whole";
            Answer::wrong(StatusCode::PAYLOAD_TOO_LARGE, why, CdsOutcome::NotRead)
        })?;
        Ok((client.to_owned(), body.to_vec()))
    }

    /// Answers within the time that there is. What takes longer goes on for nobody.
    async fn in_time(self: &Arc<Self>, call: Call, client: String, body: Vec<u8>) -> Answer {
        let serving = Arc::clone(self);
        let work = async {
            // Some wait for the disk while others decide; hundreds at once would make each other slower only.
            let place = Arc::clone(&self.places).acquire_owned().await;
            let work = tokio::task::spawn_blocking(move || {
                let answer = serving.work(call, &client, &body);
                // Also of work that nobody waits for any more.
                drop(place);
                answer
            });
            work.await
        };
        match tokio::time::timeout(self.options.cds.answer_within, work).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(_)) => {
                (self.options.tell)("cds: an answer broke down");
                let why = "the answer broke down";
                Answer::wrong(StatusCode::INTERNAL_SERVER_ERROR, why, CdsOutcome::Failed)
            }
            Err(_) => {
                let why = "the answer is not ready in time";
                Answer::wrong(StatusCode::SERVICE_UNAVAILABLE, why, CdsOutcome::TooLate)
            }
        }
    }

    fn work(&self, call: Call, client: &str, body: &[u8]) -> Answer {
        let done = match call {
            Call::Discovery => return Answer::good(Value::Null, CdsOutcome::Nothing),
            Call::Service(service) => match Asked::read(service, body) {
                Err(why) => Err(why),
                Ok(asked) => Ok(self.cards(service, client, &asked)),
            },
            Call::Feedback => feedback::read(body).map(|told| self.noted(client, &told)),
        };
        match done {
            Err(why) => Answer::wrong(StatusCode::BAD_REQUEST, why, CdsOutcome::NotRead),
            Ok(Ok(answer)) => answer,
            Ok(Err(error)) => {
                // Which folder or file it was is for operators.
                (self.options.tell)(&format!("cds: {error}"));
                let why = "nothing can be looked up now";
                Answer::wrong(StatusCode::SERVICE_UNAVAILABLE, why, CdsOutcome::Failed)
            }
        }
    }

    fn cards(&self, service: Service, client: &str, asked: &Asked) -> Result<Answer, StepError> {
        let nothing = |outcome| Ok(Answer::good(json!({ "cards": [] }), outcome));
        let Some(known) = self.options.cds.clients.get(client) else {
            return nothing(CdsOutcome::Nothing);
        };
        match asked.looks {
            Looks::Professional => {}
            // What is told to the person is told in the screening's own letters.
            Looks::Other => return nothing(CdsOutcome::Nothing),
        }
        let (rulebook, today) = (&self.options.rulebook, (self.options.today)());
        let mut data = DataFolder::open(&self.options.root, Access::Read)?;
        let Some(config) = self.permitted(&data, today)? else {
            return nothing(CdsOutcome::NotPermitted);
        };
        let laboratory = laboratory(rulebook, known);
        let ordering = tests_requested(rulebook, laboratory, &asked.drafts);
        let card = CardAsked {
            source: &known.source,
            patient_id: &asked.patient_id,
            viewer: &format!("{} at {client}", asked.user),
            service: service.id(),
            given: &asked.given,
            ordering: &ordering,
            today,
        };
        let made = match steps::card(rulebook, &mut data, &config, &card)? {
            CardAnswer::NobodyKnown => {
                let why = "nothing is known of this person here, and no prefetch came along";
                let status = StatusCode::PRECONDITION_FAILED;
                return Ok(Answer::wrong(status, why, CdsOutcome::NobodyKnown));
            }
            CardAnswer::Nothing => return nothing(CdsOutcome::Nothing),
            CardAnswer::Card(made) => made,
        };
        // While an order is chosen only orders are of use.
        if service == Service::OrderSelect && made.orders.is_empty() {
            return nothing(CdsOutcome::Nothing);
        }
        let Some(shown) = shown(rulebook, laboratory, (&made, &asked.patient_id, today)) else {
            let why = "the card has no name";
            let status = StatusCode::INTERNAL_SERVER_ERROR;
            return Ok(Answer::wrong(status, why, CdsOutcome::Failed));
        };
        let on_record = CardShown {
            uuid: &shown.uuid,
            resident: made.resident,
            service: service.id(),
            client,
            row: &made.row,
            suggestion: shown.suggestion.as_deref(),
        };
        data.note_card(&on_record, (self.options.now)())?;
        let cards = json!({ "cards": [shown.card] });
        Ok(Answer::good(cards, CdsOutcome::Card))
    }

    /// The configuration as it is written now, when something may be asked of somebody.
    fn permitted(&self, data: &DataFolder, today: Date) -> Result<Option<Config>, StepError> {
        if Switch::of(&self.options.root).is_stopped() {
            return Ok(None);
        }
        let Ok(config) = self.options.config.with_permission_of_now() else {
            return Ok(None);
        };
        let key = data.identity_key_on_record()?;
        let signature = self.options.signature.as_ref();
        let may = config.allows_effects(&self.options.rulebook, signature, key.as_ref(), today);
        Ok(may.is_ok().then_some(config))
    }

    fn noted(&self, client: &str, told: &[feedback::Told]) -> Result<Answer, StepError> {
        let mut data = DataFolder::open(&self.options.root, Access::Read)?;
        let now = (self.options.now)();
        let mut outcome = CdsOutcome::Noted;
        for told in told {
            let feedback = CardFeedback {
                card: &told.card,
                client,
                outcome: told.outcome,
                suggestions: &told.suggestions,
                reason: told.reason.as_deref(),
                comment: told.comment.as_deref(),
                happened_at: told.happened_at,
            };
            if !data.note_feedback(&feedback, now)? {
                outcome = CdsOutcome::UnknownCard;
            }
        }
        Ok(Answer::good(Value::Null, outcome))
    }
}

fn laboratory(rulebook: &Rulebook, client: &CdsClient) -> Option<LaboratoryId> {
    let name = client.laboratory.as_deref()?;
    rulebook.catalogue.vocabulary.laboratory(name)
}
