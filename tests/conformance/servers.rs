//! What servers declare, and how they fail to.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::process::Command;
use std::thread;

/// Answers requests with canned bytes, one connection each, and returns its address.
fn serving(answers: Vec<String>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a loopback port");
    let address = listener.local_addr().expect("bound");
    thread::spawn(move || {
        for answer in answers {
            let (stream, _) = listener.accept().expect("the client connects");
            let mut lines = BufReader::new(&stream).lines();
            let head: Vec<String> = lines
                .by_ref()
                .map_while(Result::ok)
                .take_while(|l| !l.is_empty())
                .collect();
            assert!(head[0].starts_with("GET /fhir/"), "{}", head[0]);
            let accepts = head
                .iter()
                .any(|l| l.eq_ignore_ascii_case("accept: application/fhir+json"));
            assert!(
                accepts,
                "no fhirVersion parameter, which some R4 servers refuse"
            );
            (&stream)
                .write_all(answer.as_bytes())
                .expect("the client reads");
        }
    });
    format!("http://{address}/fhir")
}

fn answer(status: &str, kind: &str, body: &str) -> String {
    let n = body.len();
    format!(
        "HTTP/1.1 {status}\r\ncontent-type: {kind}\r\ncontent-length: {n}\r\nconnection: close\r\n\r\n{body}"
    )
}

fn fixture(name: &str) -> String {
    let root = env!("CARGO_MANIFEST_DIR");
    let path = format!("{root}/fixtures/capability-statement/{name}.json");
    std::fs::read_to_string(path).expect("a fixture")
}

/// What `preventio server check` prints, stdout and stderr, with the address taken out.
fn checked(base: &str) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_preventio"))
        .args(["server", "check", base])
        .env("NO_PROXY", "127.0.0.1")
        .output()
        .expect("the program starts");
    let text = [output.stdout, output.stderr].concat();
    String::from_utf8(text)
        .expect("UTF-8")
        .replace(base, "[base]")
}

fn declared(name: &str) -> String {
    let body = fixture(name);
    checked(&serving(vec![answer(
        "200 OK",
        "application/fhir+json",
        &body,
    )]))
}

#[test]
fn a_record_like_apottis_takes_no_order_and_the_reason_is_named() {
    insta::assert_snapshot!(declared("like-apotti"), @"
    Record like Apotti's published statement 1, FHIR 4.0.1, 10 resource types
      yes  get data by bulk export of a group
      yes  get data by search
      no   order a test as ServiceRequest: not declared: create of ServiceRequest
      no   ask residents or professionals as Task: not declared: create of Task
      yes  ask residents or professionals as Communication
      yes  write the score as Observation
      yes  read forms as QuestionnaireResponse
    ");
}

#[test]
fn an_open_server_takes_everything_and_a_silent_one_nothing() {
    assert_eq!(declared("open").matches("  yes  ").count(), 7);
    assert_eq!(declared("minimum").matches("  no   ").count(), 7);
}

#[test]
fn another_fhir_version_is_refused() {
    insta::assert_snapshot!(declared("fhir-r5"), @"
    error: the server speaks FHIR 5.0.0, this program speaks R4 (4.0.x)
    hint: servers often have a base address for each version
    ");
}

#[test]
fn failures_say_what_the_server_did() {
    let outcome = r#"{"resourceType":"OperationOutcome","issue":[{"severity":"error","code":"throttled","diagnostics":"come back later"}]}"#;
    for (status, kind, body, said) in [
        (
            "404 Not Found",
            "text/html",
            "<html>",
            "error: the server answered 404 Not Found\n",
        ),
        (
            "503 Service Unavailable",
            "application/fhir+json",
            outcome,
            "error: the server answered 503 Service Unavailable: come back later\n",
        ),
    ] {
        assert_eq!(checked(&serving(vec![answer(status, kind, body)])), said);
    }
    let page = checked(&serving(vec![answer("200 OK", "text/html", "<html>")]));
    assert!(
        page.starts_with("error: the answer is not a CapabilityStatement"),
        "{page}"
    );
    assert!(
        page.ends_with("hint: is this the FHIR base address?\n"),
        "{page}"
    );
}

#[test]
fn a_redirect_is_followed_on_the_same_server_only() {
    let moved = |to: &str| {
        format!(
            "HTTP/1.1 302 Found\r\nlocation: {to}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
        )
    };
    let same = serving(vec![
        moved("/fhir/other/metadata"),
        answer("200 OK", "application/fhir+json", &fixture("open")),
    ]);
    assert!(checked(&same).starts_with("Open server"));
    let other = serving(vec![moved("http://localhost:9/fhir/metadata")]);
    let said = "error: the server redirects to another origin, which is not followed\n";
    assert_eq!(checked(&other), said);
}

#[test]
fn an_answer_without_end_is_cut() {
    let endless = answer("200 OK", "application/fhir+json", &" ".repeat(17 << 20));
    let said = checked(&serving(vec![endless]));
    assert!(
        said.starts_with("error: the answer is larger than"),
        "{said}"
    );
}

#[test]
fn an_address_that_is_none_is_said_to_be_none() {
    for base in [
        "fhir.example.org",
        "ftp://example.org",
        "mailto:someone@example.org",
    ] {
        assert!(
            checked(base).contains("is not an http or https address"),
            "{base}"
        );
    }
}
