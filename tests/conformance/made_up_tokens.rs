//! SMART Backend Services at the stand-in's server: who gets a token, and what it is good for.

use jsonwebtoken::get_current_timestamp;
use serde_json::{Value, json};

use crate::support::served::{Heard, Served};
use crate::support::signer::Signer;

fn registered(client: &Signer, id: &str) -> String {
    format!("{id}={}", client.keys.display())
}

fn claims(server: &Served, jti: &str) -> Value {
    json!({
        "iss": "engine", "sub": "engine",
        "aud": format!("http://{}/auth/token", server.address()),
        "exp": get_current_timestamp() + 200, "jti": jti,
    })
}

fn asks(server: &Served, assertion: &str, scope: &str) -> Heard {
    let form = format!(
        "grant_type=client_credentials&scope={scope}&client_assertion_type=\
         urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer&client_assertion={assertion}"
    );
    let kind = [("content-type", "application/x-www-form-urlencoded")];
    server
        .hears("POST", "/auth/token", &kind, &form)
        .expect("the server answers")
}

fn gets(server: &Served, target: &str, token: &Value) -> Heard {
    let bearer = format!("Bearer {}", token.as_str().expect("a token"));
    server.asks("GET", target, &[("authorization", &bearer)], &Value::Null)
}

#[test]
fn a_registered_client_gets_a_token_for_what_it_may_do() {
    for algorithm in ["es384", "rs384"] {
        let client = Signer::new(algorithm);
        let server = Served::starts(&[
            "--residents",
            "3",
            "--client",
            &registered(&client, "engine"),
            "--scopes",
            "system/*.rs system/Communication.c",
        ]);
        let known = server
            .gets("/fhir/.well-known/smart-configuration")
            .with(200);
        assert_eq!(known["token_endpoint"], claims(&server, "")["aud"]);
        let refused = server.gets("/fhir/Group/helsinki");
        assert_eq!(refused.with(401)["resourceType"], "OperationOutcome");
        assert!(
            refused
                .header("www-authenticate")
                .is_some_and(|way| way.starts_with("Bearer"))
        );
        let assertion = client.signs(&claims(&server, "j1"));
        let given = asks(&server, &assertion, "system/*.read+system/Task.u").with(200);
        assert_eq!(given["scope"], "system/*.rs", "narrower than asked");
        assert_eq!(given["expires_in"], 300);
        let token = &given["access_token"];
        assert_eq!(
            gets(&server, "/fhir/Group/helsinki", token).with(200)["quantity"],
            3
        );
        asks(&server, &assertion, "system/*.rs").with(401);
        let narrow = asks(
            &server,
            &client.signs(&claims(&server, "j2")),
            "system/Group.r",
        )
        .with(200);
        gets(&server, "/fhir/Patient?_id=x", &narrow["access_token"]).with(403);
        gets(&server, "/fhir/Group/helsinki", &json!("made-up")).with(401);
    }
}

#[test]
fn an_assertion_that_is_not_as_it_must_be_is_refused() {
    let (client, stranger) = (Signer::new("es384"), Signer::new("rs384"));
    let server = Served::starts(&[
        "--residents",
        "0",
        "--client",
        &registered(&client, "engine"),
    ]);
    let now = get_current_timestamp();
    for (member, value) in [
        ("aud", json!("http://elsewhere/auth/token")),
        ("exp", json!(now + 900)),
        ("exp", json!(now - 100)),
        ("iss", json!("somebody")),
        ("sub", json!("somebody")),
        ("jti", Value::Null),
    ] {
        let mut wrong = claims(&server, "j1");
        wrong[member] = value;
        let said = asks(&server, &client.signs(&wrong), "system/*.rs").with(401);
        assert_eq!(said["error"], "invalid_client", "{member}");
    }
    let unsigned = "eyJhbGciOiJub25lIn0.e30.";
    asks(&server, unsigned, "system/*.rs").with(401);
    asks(
        &server,
        &stranger.signs(&claims(&server, "j2")),
        "system/*.rs",
    )
    .with(401);
    let nothing = asks(&server, &client.signs(&claims(&server, "j3")), "user/*.rs").with(400);
    assert_eq!(nothing["error"], "invalid_scope");
    let form = "grant_type=password";
    let said = server
        .hears("POST", "/auth/token", &[], form)
        .expect("an answer")
        .with(400);
    assert_eq!(said["error"], "unsupported_grant_type");
}

#[test]
fn a_token_endpoint_can_be_flaky() {
    let client = Signer::new("es384");
    let server = Served::starts(&[
        "--residents",
        "0",
        "--client",
        &registered(&client, "engine"),
    ]);
    server
        .hears("POST", "/_control/faults", &[], "token-400=1")
        .expect("an answer")
        .with(200);
    let refused = asks(
        &server,
        &client.signs(&claims(&server, "j1")),
        "system/*.rs",
    );
    assert_eq!((refused.status, refused.text.as_str()), (400, ""));
    server.posts("/_control/quiet", &[], &Value::Null).with(200);
    asks(
        &server,
        &client.signs(&claims(&server, "j1")),
        "system/*.rs",
    )
    .with(200);
}

#[test]
fn a_token_expires() {
    let client = Signer::new("es384");
    let id = registered(&client, "engine");
    let server = Served::starts(&["--residents", "0", "--client", &id, "--token-lifetime", "0"]);
    let given = asks(
        &server,
        &client.signs(&claims(&server, "j1")),
        "system/*.rs",
    )
    .with(200);
    gets(&server, "/fhir/Group/helsinki", &given["access_token"]).with(401);
    server.gets("/fhir/metadata").with(200);
}
