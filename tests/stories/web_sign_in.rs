//! Nobody sees a page who has not signed in, nobody signs in as somebody else, and each role goes only
//! where the table lets it.

use std::fs;
use std::net::TcpListener;

use preventiojyraa::config::Role;
use preventiojyraa::web::{Admits, Route, Verb};
use serde_json::{Value, json};

use crate::support::acting::Clinic;
use crate::support::browser::{Browser, ON_THIS_MACHINE, Pages};
use crate::support::provider::{CLIENT, Lie, Provider};
use crate::support::served::hears;
use crate::support::site::{opaque, text};

const NURSES: &str = r#"{ value = "nurses", role = "clinician", districts = ["Kallio"] }, { value = "science", role = "researcher" }"#;

fn clinic() -> Clinic {
    let clinic = Clinic::with(1, &[]);
    clinic.acts();
    clinic
}

/// A way to a route that stands for somebody.
fn path(route: Route) -> String {
    let resident = opaque("resident-000").to_string();
    route.path().replace("{resident}", &resident)
}

#[test]
fn each_role_goes_where_the_table_lets_it_and_nobody_else_anywhere() {
    let table: Vec<String> = Route::ALL
        .iter()
        .map(|route| {
            let who = match route.admits() {
                Admits::Anybody => "anybody".to_owned(),
                Admits::SignedIn => "signed in".to_owned(),
                Admits::Roles(roles) => {
                    let names: Vec<&str> = roles.iter().map(|role| role.name()).collect();
                    names.join(", ")
                }
            };
            format!("{:?} {}: {who}", route.verb(), route.path())
        })
        .collect();
    insta::assert_snapshot!(table.join("\n"), @r"
    Get /style.css: anybody
    Get /sign-in: anybody
    Get /sign-in/provider: anybody
    Get /sign-in/callback: anybody
    Post /sign-in/trial: anybody
    Post /language: anybody
    Post /sign-out: signed in
    Get /: signed in
    Get /worklist: clinician
    Post /worklist/orders: clinician
    Post /worklist/undo: clinician
    Get /drawn: clinician
    Get /resident: clinician
    Get /resident/letter: clinician
    Post /resident/order: clinician
    Post /resident/task: clinician
    Post /resident/hand-over: clinician
    Post /resident/note: clinician
    Post /resident/opt-out: clinician
    Get /operations: operator, medical-lead
    Post /operations/effects: operator, medical-lead
    Get /numbers: researcher, operator, medical-lead
    Post /numbers/roll-back: medical-lead
    Get /audit: data-protection-officer
    ");
    let clinic = clinic();
    let pages = Pages::for_trial(&clinic);
    let roles = Role::NAMES.map(|(name, role)| Some((name, role)));
    for role in roles.into_iter().chain([None]) {
        let mut browser = pages.browser();
        match role {
            Some((name, _)) => browser.signs_in("Maija", name, ""),
            None => drop(browser.gets("/sign-in")),
        }
        // Signing out ends what the others need.
        let mut routes = Route::ALL;
        routes.sort_by_key(|route| *route == Route::SignOut);
        for route in routes {
            let own = role.map(|(_, role)| [role]);
            let is_open = route.is_open_to(own.as_ref().map(|own| &own[..]));
            let mut browser = browser.clone();
            let heard = match route.verb() {
                Verb::Get => browser.gets(&path(route)),
                Verb::Post => browser.sends(&path(route), &[]),
            };
            let said = format!("{role:?} {route:?}: {} {}", heard.status, heard.text);
            match (is_open, role) {
                (true, _) => {
                    let is_turned_away = heard.status == 403
                        || heard.header("location") == Some("/sign-in") && route != Route::SignOut;
                    assert!(!is_turned_away, "{said}");
                }
                (false, Some(_)) => assert_eq!(heard.status, 403, "{said}"),
                (false, None) => {
                    assert_eq!(heard.status, 303, "{said}");
                    assert_eq!(heard.header("location"), Some("/sign-in"), "{said}");
                }
            }
        }
    }
}

#[test]
fn a_form_counts_only_when_it_comes_from_a_page_that_this_browser_was_shown() {
    let clinic = clinic();
    let pages = Pages::for_trial(&clinic);
    let mut maija = pages.browser();
    maija.signs_in("Maija", "clinician", "");
    let mut other = pages.browser();
    other.signs_in("Matti", "clinician", "");
    let own = maija.seal.clone();
    for seal in ["", "0", &other.seal] {
        maija.seal = seal.to_owned();
        assert_eq!(maija.sends("/sign-out", &[]).status, 403, "{seal}");
    }
    let kind = ("content-type", "application/x-www-form-urlencoded");
    let body = format!("csrf={own}");
    let elsewhere = ("origin", "https://elsewhere.example.org");
    for header in [
        elsewhere,
        ("sec-fetch-site", "cross-site"),
        ("origin", "null"),
    ] {
        let heard = maija.asks("POST", "/sign-out", &[kind, header], &body);
        assert_eq!(heard.status, 403, "{header:?}");
    }
    assert_eq!(maija.gets("/").status, 200, "nothing of it did anything");
    // Under another name the same machine is another site.
    let mut rebound = maija.clone();
    rebound.host = "elsewhere.example.org".to_owned();
    assert_eq!(rebound.gets("/").status, 421);
    let here = format!("http://{}", pages.address());
    let headers = [
        kind,
        ("origin", here.as_str()),
        ("sec-fetch-site", "same-origin"),
    ];
    let heard = maija.asks("POST", "/sign-out", &headers, &body);
    assert_eq!(heard.header("location"), Some("/sign-in"));
    assert_eq!(maija.gets("/").status, 303);
    // Too long, or no form at all.
    maija.gets("/sign-in");
    let long = "x".repeat(70_000);
    assert_eq!(
        maija.sends("/sign-in/trial", &[("name", &long)]).status,
        400
    );
    assert_eq!(maija.asks("POST", "/sign-in/trial", &[], "{}").status, 400);
}

#[test]
fn a_cookie_is_for_us_alone_and_a_new_one_when_somebody_signs_in() {
    let clinic = clinic();
    let pages = Pages::for_trial(&clinic);
    let mut maija = pages.browser();
    let heard = maija.gets("/sign-in");
    let set = heard.header("set-cookie").expect("a cookie").to_owned();
    assert!(set.ends_with("; Path=/; HttpOnly; SameSite=Lax"), "{set}");
    let before = maija.cookie.clone();
    maija.signs_in("Maija", "operator", "");
    assert_ne!(
        maija.cookie, before,
        "who knew the cookie before is not signed in now"
    );
    let mut old = maija.clone();
    old.cookie = before;
    assert_eq!(old.gets("/").status, 303);
    let mut ended = maija.clone();
    maija.sends("/sign-out", &[]);
    assert_eq!(ended.gets("/").status, 303);
    let heard = pages.browser().gets("/");
    for (name, value) in [
        ("cache-control", "no-store"),
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "DENY"),
        ("referrer-policy", "same-origin"),
    ] {
        assert_eq!(heard.header(name), Some(value), "{name}");
    }
    let content = heard.header("content-security-policy").expect("a policy");
    assert!(
        content.starts_with("default-src 'none'; style-src 'self';"),
        "{content}"
    );
    assert!(!content.contains("unsafe"), "{content}");
    let page = pages.browser().gets("/sign-in").text;
    for word in ["<script", "style=\"", "onclick", "http://", "https://"] {
        assert!(!page.contains(word), "{word}: {page}");
    }
    assert_eq!(pages.browser().gets("/nowhere").status, 404);
    let heard = pages.browser().asks("DELETE", "/", &[], "");
    assert_eq!(heard.status, 404);
    assert_eq!(heard.header("x-frame-options"), Some("DENY"));
}

#[test]
fn a_page_is_in_the_readers_language_and_says_that_it_is_a_trial() {
    let clinic = clinic();
    let pages = Pages::for_trial(&clinic);
    let mut browser = pages.browser();
    for (wanted, lang, title, trial) in [
        (
            "sv-FI,sv;q=0.9",
            "sv",
            "<h1>Logga in</h1>",
            "Provinloggning",
        ),
        ("de, en;q=0.5", "en", "<h1>Sign in</h1>", "Trial sign-in"),
        (
            "de",
            "fi",
            "<h1>Kirjaudu sisään</h1>",
            "Kokeilukirjautuminen",
        ),
    ] {
        let heard = browser.asks("GET", "/sign-in", &[("accept-language", wanted)], "");
        assert!(
            heard.text.contains(&format!("<html lang=\"{lang}\">")),
            "{wanted}"
        );
        assert!(heard.text.contains(title), "{}", heard.text);
        assert!(heard.text.contains(trial), "{}", heard.text);
    }
    let heard = browser.sends("/language", &[("language", "sv")]);
    assert_eq!(heard.header("location"), Some("/sign-in?language=sv"));
    browser.signs_in("Maija", "researcher", "");
    assert!(browser.gets("/").text.contains("Trial sign-in"));
    browser.sends("/language", &[("language", "sv")]);
    let page = browser.gets("/").text;
    assert!(
        page.contains("<html lang=\"sv\">") && page.contains("forskare"),
        "{page}"
    );
}

#[test]
fn a_name_that_is_no_name_does_no_harm() {
    let clinic = clinic();
    let pages = Pages::for_trial(&clinic);
    let mut browser = pages.browser();
    browser.signs_in("<script>alert(1)</script>\u{202e}\"'&", "operator", "");
    let page = browser.gets("/").text;
    let escaped = "<bdi>&lt;script&gt;alert(1)&lt;/script&gt;&quot;'&amp;</bdi>";
    assert!(page.contains(escaped), "{page}");
    browser.sends("/sign-out", &[]);
    browser.gets("/sign-in?language=en");
    let heard = browser.sends(
        "/sign-in/trial",
        &[("name", " \u{202e} "), ("role", "operator")],
    );
    assert_eq!(heard.status, 422);
    assert!(
        heard.text.contains("aria-describedby=\"mistake\""),
        "{}",
        heard.text
    );
    let heard = browser.sends("/sign-in/trial", &[("name", "x"), ("role", "root")]);
    assert_eq!(heard.status, 404);
}

#[test]
fn who_tries_too_often_waits() {
    let clinic = clinic();
    let pages = Pages::for_trial(&clinic);
    let mut browser = pages.browser();
    browser.gets("/sign-in");
    let mut tries = || browser.sends("/sign-in/trial", &[("name", "")]).status;
    // The minute may turn on the way: then they are let through once more, and never twice.
    let tries: Vec<u16> = (0..121).map(|_| tries()).collect();
    assert!(tries.contains(&429), "{tries:?}");
    assert_eq!(tries[0], 422);
}

#[test]
fn anybody_is_anybody_only_in_a_trial_and_on_this_machine() {
    let clinic = clinic();
    Pages::add(&clinic, "\n[web]\nlisten = \"0.0.0.0:0\"\n");
    let said = clinic.does(&["serve", "--dev"]).ends_with(1);
    assert!(
        said.starts_with("error: `--dev` lets anybody sign in"),
        "{said}"
    );
    clinic.configured(&[("trial = true\ntoday = 2025-11-01", "")]);
    Pages::add(
        &clinic,
        "\n[web]\nlisten = \"127.0.0.1:0\"\nissuer = \"https://login.example.org\"\n",
    );
    let said = clinic.does(&["serve", "--dev"]).ends_with(1);
    for mistake in [
        "web: `address` is missing",
        "web: `client_id` is missing",
        "web: nobody may do anything",
    ] {
        assert!(said.contains(mistake), "{said}");
    }
    clinic.configured(&[]);
    Pages::add(&clinic, ON_THIS_MACHINE);
    let said = clinic.does(&["serve"]).ends_with(1);
    assert!(said.contains("names no provider"), "{said}");
}

/// A port that was free a moment ago: the provider has to know it before the pages are there.
fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("an address").port()
}

struct AtProvider {
    clinic: Clinic,
    provider: Provider,
    pages: Pages,
}

fn at_provider() -> AtProvider {
    let clinic = clinic();
    let provider = Provider::new();
    let (_, secret) = CLIENT;
    fs::write(clinic.site().beside("web-secret"), secret).expect("a secret can be written");
    let web = provider.configuration(free_port(), NURSES);
    let pages = Pages::of(&clinic, &web, &[]);
    AtProvider {
        clinic,
        provider,
        pages,
    }
}

impl AtProvider {
    /// Goes to the provider, and says with which address the browser comes back.
    #[track_caller]
    fn leaves(&self, browser: &mut Browser) -> String {
        let heard = browser.gets("/sign-in/provider");
        let to = heard
            .header("location")
            .unwrap_or_else(|| panic!("{}", heard.text));
        let issuer = self.provider.issuer();
        let target = to.strip_prefix(&issuer).expect("the provider's address");
        let address = issuer.strip_prefix("http://").expect("an address");
        let heard = hears((address, address), ("GET", target), &[], "");
        let back = text(&heard.expect("the provider answers").json()["to"]);
        let own = format!("http://{}", self.pages.address());
        back.strip_prefix(&own).expect("our address").to_owned()
    }

    fn talk(&self) -> String {
        fs::read_to_string(self.clinic.site().beside("serve.log")).unwrap_or_default()
    }
}

#[test]
fn the_providers_groups_say_what_somebody_may_do() {
    let at = at_provider();
    for (claims, roles, words) in [
        (
            json!({ "sub": "m1", "name": "Maija Meikäläinen", "groups": ["nurses", "other"] }),
            "clinician",
            vec![
                "Maija Meikäläinen",
                "<li>clinician</li>",
                "these districts: Kallio",
            ],
        ),
        (
            json!({ "sub": "m2", "preferred_username": "matti", "groups": "science" }),
            "researcher",
            vec!["<bdi>matti</bdi>", "<li>researcher</li>"],
        ),
        (
            json!({ "sub": "m3", "groups": ["other"], "realm": { "nurses": 1 }, "n": 3 }),
            "",
            vec!["<bdi>m3</bdi>", "has no role"],
        ),
        (
            json!({ "sub": "m4", "groups": { "nurses": true } }),
            "",
            vec!["has no role"],
        ),
        (json!({ "sub": "m5" }), "", vec!["has no role"]),
    ] {
        at.provider.says(claims, Lie::None);
        let mut browser = at.pages.browser();
        let back = at.leaves(&mut browser);
        let heard = browser.asks("GET", &back, &[("accept-language", "en")], "");
        assert_eq!(
            heard.header("location"),
            Some("/"),
            "{}{}",
            heard.text,
            at.talk()
        );
        let page = browser.gets("/").text;
        for word in words {
            assert!(page.contains(word), "{word}: {page}");
        }
        assert!(!page.contains("Trial sign-in"), "{page}");
        let said = at
            .clinic
            .site()
            .does(&["audit", "list", "--json"])
            .ends_well();
        let list: Value = serde_json::from_str(&said).expect("JSON");
        let records = list["records"].as_array().expect("a list");
        let signed = records.iter().rev().find(|one| one["act"] == "signed-in");
        assert_eq!(signed.expect("a record")["detail"], roles);
    }
    // The way back counts once, in the browser that left.
    at.provider.says(json!({ "sub": "m1" }), Lie::None);
    let mut browser = at.pages.browser();
    let back = at.leaves(&mut browser);
    assert_eq!(at.pages.browser().gets(&back).status, 403);
    let mut left = browser.clone();
    assert_eq!(browser.gets(&back).status, 303);
    assert_eq!(left.gets(&back).status, 403);
    assert_eq!(browser.gets("/sign-in/callback").status, 403);
    assert_eq!(
        browser.sends("/sign-in/trial", &[("name", "x")]).status,
        404
    );
}

#[test]
fn what_cannot_be_believed_signs_nobody_in() {
    let at = at_provider();
    let claims = json!({ "sub": "m1", "name": "Maija Meikäläinen", "groups": ["nurses"] });
    for lie in [
        Lie::OtherIssuer,
        Lie::OtherAudience,
        Lie::AlsoForAnother,
        Lie::OtherNonce,
        Lie::NoNonce,
        Lie::Expired,
        Lie::OtherKey,
        Lie::NotSigned,
        Lie::SignedWithTheSecret,
        Lie::OtherAccessToken,
        Lie::NoToken,
    ] {
        at.provider.says(claims.clone(), lie);
        let mut browser = at.pages.browser();
        let back = at.leaves(&mut browser);
        let heard = browser.gets(&back);
        assert_eq!(heard.status, 403, "{lie:?}: {}", heard.text);
        assert_eq!(browser.gets("/").status, 303, "{lie:?}");
    }
    assert!(!at.talk().contains("Maija"), "{}", at.talk());
    // Another code than was given out, and a secret that is not theirs.
    at.provider.says(claims.clone(), Lie::None);
    let mut browser = at.pages.browser();
    let back = at.leaves(&mut browser).replace("code=code-", "code=other-");
    assert_eq!(browser.gets(&back).status, 403);
    fs::write(at.clinic.site().beside("web-secret"), "guessed").expect("it can be written");
    let mut browser = at.pages.browser();
    let back = at.leaves(&mut browser);
    assert_eq!(browser.gets(&back).status, 403);
    fs::remove_file(at.clinic.site().beside("web-secret")).expect("it can be removed");
    assert_eq!(at.pages.browser().gets("/sign-in/provider").status, 403);
    assert!(at.talk().contains("cannot be read"), "{}", at.talk());
    let records = at.clinic.site().does(&["audit", "list"]).ends_well();
    assert!(!records.contains("signed-in"), "{records}");
}
