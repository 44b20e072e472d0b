//! From a connection to an answer: reading, faults, and the work itself on a thread that may block.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, State};
use axum::http::{Request, Response, StatusCode, header};
use axum::routing::{any, post};
use tokio::task::spawn_blocking;
use tokio::time::sleep;

use super::answers::{Answer, refused};
use super::calls::Call;
use super::connection::Line;
use super::faults::{Fault, FaultPlan};
use super::shaped::{self, Place};
use super::{World, access, clock, control, interactions};

/// A header that asks for a fault by its name, for this request alone.
const FAULT: &str = "x-standin-fault";

type Shared = State<Arc<World>>;

/// All addresses.
pub(super) fn router(world: Arc<World>) -> Router {
    Router::new()
        .route("/_control/{what}", any(controlled))
        .route("/fhir", any(asked))
        .route("/fhir/{*rest}", any(asked))
        .route("/bulk/{*rest}", any(asked))
        .route("/auth/token", post(token))
        .with_state(world)
}

async fn controlled(
    State(world): Shared,
    ConnectInfo(line): ConnectInfo<Line>,
    request: Request<Body>,
) -> Response<Body> {
    if !line.peer.ip().is_loopback() {
        return refused(StatusCode::FORBIDDEN, "forbidden", "only from this machine")
            .into_response();
    }
    match Call::read(request, &world.here).await {
        Ok(call) => worked(move || control::answer(&world, &call))
            .await
            .into_response(),
        Err(refusal) => refusal.into_response(),
    }
}

async fn token(State(world): Shared, request: Request<Body>) -> Response<Body> {
    world.counters.tokens.add();
    let asked_for = request
        .headers()
        .get(FAULT)
        .and_then(|name| name.to_str().ok());
    let asked_for = asked_for.and_then(Fault::named);
    if let Some(fault) = asked_for.or_else(|| world.faults.draw_for_token()) {
        world.counters.faults[fault as usize].add();
        let answer = if fault == Fault::ReplayedJti {
            access::replayed()
        } else {
            Answer::resource(StatusCode::BAD_REQUEST, Vec::new())
        };
        return answer.into_response();
    }
    match Call::read(request, &world.here).await {
        Ok(call) => worked(move || world.access.token(&call))
            .await
            .into_response(),
        Err(refusal) => refusal.into_response(),
    }
}

async fn asked(
    State(world): Shared,
    ConnectInfo(line): ConnectInfo<Line>,
    request: Request<Body>,
) -> Response<Body> {
    line.open();
    let mut call = match Call::read(request, &world.here).await {
        Ok(call) => call,
        Err(refusal) => return refusal.into_response(),
    };
    // Who cannot even read what the server declares can try nothing else.
    let spared = call.path == "fhir/metadata" || call.path.contains(".well-known");
    let wished = call.header(FAULT).and_then(Fault::named);
    let drawn = match wished {
        Some(fault) => Some((fault, 0, world.faults.plan())),
        None => (!spared)
            .then(|| world.faults.draw(call.fingerprint()))
            .flatten(),
    };
    let drawn = drawn.filter(|(fault, _, _)| fault.concerns(&call.path));
    if matches!(drawn, Some((Fault::Duplicates, _, _))) {
        // What is packed cannot be turned round.
        call.headers.remove(header::ACCEPT_ENCODING);
    }
    let place = Place::of(&call);
    let perform = {
        let world = Arc::clone(&world);
        move || {
            if !spared {
                match world.access.scopes_of(&call) {
                    Ok(scopes) => call.scopes = scopes,
                    Err(refusal) => return refusal,
                }
            }
            interactions::answer(&world, &call)
        }
    };
    let Some((fault, bits, plan)) = drawn else {
        return worked(perform).await.into_response();
    };
    world.counters.faults[fault as usize].add();
    faulty(&line, (fault, bits, &plan), &place, perform)
        .await
        .into_response()
}

/// Work may wait for the store's lock or make up many residents: it has threads of its own.
async fn worked(work: impl FnOnce() -> Answer + Send + 'static) -> Answer {
    let done = spawn_blocking(work).await;
    done.unwrap_or_else(|_| {
        refused(
            StatusCode::INTERNAL_SERVER_ERROR,
            "exception",
            "the server has a bug",
        )
    })
}

/// What the client gets, and when, under a fault.
async fn faulty(
    line: &Line,
    (fault, bits, plan): (Fault, u64, &FaultPlan),
    place: &Place,
    perform: impl FnOnce() -> Answer + Send + 'static,
) -> Answer {
    match fault {
        Fault::LostRequest => cut(line),
        Fault::LostAnswer => {
            worked(perform).await;
            cut(line)
        }
        Fault::Late => {
            let late = plan.late;
            // Nobody waits for it; it ends when it is done or with the server.
            drop(tokio::spawn(async move {
                sleep(late).await;
                worked(perform).await;
            }));
            cut(line)
        }
        Fault::Status503 => unavailable(bits, plan),
        Fault::Status429 => refused(
            StatusCode::TOO_MANY_REQUESTS,
            "throttled",
            "come back later",
        )
        .with(header::RETRY_AFTER, plan.retry_after.to_string()),
        Fault::Status500After => {
            worked(perform).await;
            refused(
                StatusCode::INTERNAL_SERVER_ERROR,
                "exception",
                "something went wrong",
            )
        }
        Fault::Slow => {
            let answer = worked(perform).await;
            if bits.is_multiple_of(2) {
                line.drip();
            } else {
                sleep(plan.slow).await;
            }
            answer
        }
        Fault::CutShort => {
            let answer = worked(perform).await;
            // Headers take some two hundred bytes; of what is made while it is sent the first chunk is cut.
            line.cut_after(answer.body.len() / 2 + 100);
            answer
        }
        Fault::Token400 | Fault::ReplayedJti => worked(perform).await,
        Fault::Status429Date | Fault::Status429Millis => {
            let at = clock::machine_seconds() + i64::from(plan.retry_after);
            let told = if fault == Fault::Status429Date {
                clock::header_date(at)
            } else {
                (at * 1_000).to_string()
            };
            let status = StatusCode::TOO_MANY_REQUESTS;
            refused(status, "throttled", "come back later").with(header::RETRY_AFTER, told)
        }
        Fault::Status500 | Fault::Status500Transient => {
            let code = if fault == Fault::Status500 {
                "exception"
            } else {
                "transient"
            };
            let status = StatusCode::INTERNAL_SERVER_ERROR;
            refused(status, code, "something went wrong")
        }
        Fault::ExpiredUrl => shaped::expired_url(),
        Fault::ExpiredToken => access::expired(),
        Fault::RedirectElsewhere => shaped::redirect(place, &plan.elsewhere),
        Fault::EmptyExport => shaped::empty_searchset(),
        Fault::TruncatedFile
        | Fault::PartialManifest
        | Fault::DeletedResources
        | Fault::NextElsewhere
        | Fault::Duplicates
        | Fault::NoMode => {
            let answer = worked(perform).await;
            shaped::shaped(fault, answer, place, &plan.elsewhere).await
        }
        Fault::NoLocation => bare(worked(perform).await),
        Fault::WrongType => {
            worked(perform).await;
            page(bits)
        }
    }
}

/// The line is cut: what is returned here never leaves.
fn cut(line: &Line) -> Answer {
    line.cut();
    Answer::resource(StatusCode::OK, Vec::new())
}

fn bare(mut answer: Answer) -> Answer {
    if answer.status == StatusCode::CREATED {
        answer.headers.clear();
        answer.body.clear();
    }
    answer
}

/// `Retry-After` in all the forms in which servers have been seen to write it.
fn unavailable(bits: u64, plan: &FaultPlan) -> Answer {
    let answer = refused(
        StatusCode::SERVICE_UNAVAILABLE,
        "transient",
        "the server is down",
    );
    let at = clock::machine_seconds() + i64::from(plan.retry_after);
    let retry_after = match bits % 6 {
        0 => return answer,
        1 | 2 => plan.retry_after.to_string(),
        3 => clock::header_date(at),
        4 => (at * 1_000).to_string(),
        _ => "soon".to_owned(),
    };
    answer.with(header::RETRY_AFTER, retry_after)
}

/// What a proxy on the way says, not the server.
fn page(bits: u64) -> Answer {
    let status = if bits.is_multiple_of(2) {
        StatusCode::OK
    } else {
        StatusCode::BAD_GATEWAY
    };
    Answer {
        status,
        kind: "text/html",
        headers: Vec::new(),
        body: b"<html><body><h1>Palvelussa on katko</h1></body></html>".to_vec(),
        rest: None,
    }
}
