//! Pages for people: where they are, who says who somebody is, and who may see what.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use serde::Deserialize;

/// What somebody who has signed in may do. A closed list; one person may have several.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Sees residents of their districts, and acts on what waits for a professional.
    Clinician,
    /// Sees numbers about groups, never a person.
    Researcher,
    /// Sees whether everything goes on, and stops it when it should not.
    Operator,
    /// Answers for the rules and the model.
    MedicalLead,
    /// Watches over who is decided about and who looks at whom.
    DataProtectionOfficer,
}

impl Role {
    /// Every role with its name in the configuration.
    pub const NAMES: [(&'static str, Self); 5] = [
        ("clinician", Self::Clinician),
        ("researcher", Self::Researcher),
        ("operator", Self::Operator),
        ("medical-lead", Self::MedicalLead),
        ("data-protection-officer", Self::DataProtectionOfficer),
    ];

    /// The role that is called so.
    #[must_use]
    pub fn called(name: &str) -> Option<Self> {
        let found = Self::NAMES.iter().find(|(known, _)| *known == name);
        found.map(|(_, role)| *role)
    }

    /// The name in the configuration.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Clinician => "clinician",
            Self::Researcher => "researcher",
            Self::Operator => "operator",
            Self::MedicalLead => "medical-lead",
            Self::DataProtectionOfficer => "data-protection-officer",
        }
    }
}

/// Whom a clinician may see.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Reach {
    /// Nobody.
    #[default]
    Nobody,
    /// The residents of these districts. Whose district is not known, or nobody's to know, is in none.
    Districts(Vec<String>),
    /// Everybody on the register, also those whose district is not known or nobody's to know.
    Everybody,
}

impl Reach {
    /// Whether a resident of a district is within.
    #[must_use]
    pub fn holds(&self, district: Option<&str>) -> bool {
        match self {
            Self::Nobody => false,
            Self::Everybody => true,
            Self::Districts(names) => {
                district.is_some_and(|district| names.iter().any(|name| name == district))
            }
        }
    }

    /// What two reaches hold together.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Everybody, _) | (_, Self::Everybody) => Self::Everybody,
            (Self::Nobody, one) | (one, Self::Nobody) => one,
            (Self::Districts(mut names), Self::Districts(more)) => {
                names.extend(more);
                names.sort_unstable();
                names.dedup();
                Self::Districts(names)
            }
        }
    }
}

/// What a value of the provider's claim means here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// The value: a group or a role, as the provider calls it.
    pub value: String,
    /// What whoever has it may do.
    pub role: Role,
    /// Whom they may see; nobody, unless the role is a clinician's.
    pub reach: Reach,
}

/// Where the secret lies by which the provider knows this program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClientSecret {
    /// There is none: a public client, which PKCE alone protects.
    None,
    /// In a file.
    File(PathBuf),
    /// In a variable of the environment, by its name.
    Variable(String),
}

/// The OpenID Connect provider by which people sign in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Provider {
    /// Who it is, as its tokens say; `/.well-known/openid-configuration` below it says the rest.
    pub issuer: String,
    /// What it calls this program.
    pub client_id: String,
    /// How it knows that it is this program.
    pub client_secret: ClientSecret,
    /// What is asked for beside `openid`.
    pub scopes: Vec<String>,
    /// The claim that says which groups or roles somebody has: a text, or a list of texts.
    pub roles_claim: String,
}

/// Pages for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Web {
    /// Where they are answered.
    pub listen: SocketAddr,
    /// The address that people type, without a slash at its end; the provider sends them back there.
    pub address: Option<String>,
    /// Who says who somebody is; a trial may do without, by `serve --dev`.
    pub provider: Option<Provider>,
    /// What values of the claim mean.
    pub grants: Vec<Grant>,
    /// Minutes without a page after which somebody has to sign in again.
    pub idle_minutes: u32,
    /// Minutes after which somebody has to sign in again whatever they do.
    pub longest_minutes: u32,
}

impl Default for Web {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8081)),
            address: None,
            provider: None,
            grants: Vec::new(),
            idle_minutes: 30,
            longest_minutes: 600,
        }
    }
}

/// `[[web.grant]]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawGrant {
    value: String,
    role: String,
    districts: Option<RawDistricts>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
enum RawDistricts {
    Word(String),
    Names(Vec<String>),
}

/// Keys of `[web]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawWeb {
    listen: Option<SocketAddr>,
    address: Option<String>,
    issuer: Option<String>,
    client_id: Option<String>,
    client_secret_file: Option<PathBuf>,
    client_secret_variable: Option<String>,
    scopes: Option<Vec<String>>,
    roles_claim: Option<String>,
    idle_minutes: Option<u32>,
    longest_minutes: Option<u32>,
    #[serde(default)]
    grant: Vec<RawGrant>,
}

/// Twelve hours: nobody's shift is longer.
const LONGEST_MINUTES: u32 = 720;

impl RawWeb {
    /// The section, checked; a relative place is beside the configuration.
    pub(super) fn checked(&self, folder: &Path, trial: bool, mistakes: &mut Vec<String>) -> Web {
        let mut wrong = |what: String| mistakes.push(format!("web: {what}"));
        let defaults = Web::default();
        let web = Web {
            listen: self.listen.unwrap_or(defaults.listen),
            address: self.address.clone(),
            provider: self.provider(folder, trial, &mut wrong),
            grants: self.grants(&mut wrong),
            idle_minutes: self.idle_minutes.unwrap_or(defaults.idle_minutes),
            longest_minutes: self.longest_minutes.unwrap_or(defaults.longest_minutes),
        };
        for (key, minutes) in [
            ("idle_minutes", web.idle_minutes),
            ("longest_minutes", web.longest_minutes),
        ] {
            if !(1..=LONGEST_MINUTES).contains(&minutes) {
                wrong(format!("`{key}` is 1 to {LONGEST_MINUTES}"));
            }
        }
        match (&web.address, &web.provider) {
            (Some(address), _) if !is_address(address, trial) => wrong(format!(
                "`address` is `{address}`\nhint: `https://` and a name, nothing after it; `http://` only to this machine"
            )),
            (None, Some(_)) => wrong(
                "`address` is missing\nhint: the address that people type, to which the provider sends them back"
                    .to_owned(),
            ),
            (Some(_), _) | (None, None) => {}
        }
        if web.provider.is_none() && !trial && self.issuer.is_none() {
            wrong("`issuer` is missing\nhint: who says who somebody is; only a trial does without (`serve --dev`)".to_owned());
        }
        if web.provider.is_some() && web.grants.is_empty() {
            wrong("nobody may do anything\nhint: `[[web.grant]]` says what a value of the claim means".to_owned());
        }
        web
    }

    fn provider(
        &self,
        folder: &Path,
        trial: bool,
        wrong: &mut impl FnMut(String),
    ) -> Option<Provider> {
        let issuer = self.issuer.clone()?;
        if !is_issuer(&issuer, trial) {
            wrong(format!(
                "`issuer` is `{issuer}`\nhint: an address with `https://`; `http://` only to this machine, in a trial"
            ));
        }
        let client_id = self.client_id.clone().unwrap_or_default();
        if client_id.trim().is_empty() {
            wrong("`client_id` is missing\nhint: what the provider calls this program".to_owned());
        }
        let client_secret = match (&self.client_secret_file, &self.client_secret_variable) {
            (Some(_), Some(_)) => {
                wrong(
                    "`client_secret_file` and `client_secret_variable` are both there".to_owned(),
                );
                ClientSecret::None
            }
            (Some(file), None) => ClientSecret::File(folder.join(file)),
            (None, Some(name)) => ClientSecret::Variable(name.clone()),
            (None, None) => ClientSecret::None,
        };
        let roles_claim = self.roles_claim.clone();
        Some(Provider {
            issuer,
            client_id,
            client_secret,
            scopes: self.scopes.clone().unwrap_or(vec!["profile".to_owned()]),
            roles_claim: roles_claim.unwrap_or("groups".to_owned()),
        })
    }

    fn grants(&self, wrong: &mut impl FnMut(String)) -> Vec<Grant> {
        let mut grants = Vec::new();
        for raw in &self.grant {
            let value = &raw.value;
            if value.trim().is_empty() {
                wrong("a grant has no `value`".to_owned());
            }
            let Some(role) = Role::called(&raw.role) else {
                let names = Role::NAMES.map(|(name, _)| name).join(", ");
                wrong(format!(
                    "grant `{value}`: there is no role `{}`\nhint: one of {names}",
                    raw.role
                ));
                continue;
            };
            match raw.reach(role) {
                Ok(reach) => grants.push(Grant {
                    value: value.clone(),
                    role,
                    reach,
                }),
                Err(what) => wrong(format!("grant `{value}`: {what}")),
            }
        }
        grants
    }
}

impl RawGrant {
    fn reach(&self, role: Role) -> Result<Reach, String> {
        match (role, &self.districts) {
            (Role::Clinician, None) => Err(
                "`districts` is missing\nhint: a list of districts as the register calls them, or `\"all\"`"
                    .to_owned(),
            ),
            (Role::Clinician, Some(RawDistricts::Word(word))) if word == "all" => {
                Ok(Reach::Everybody)
            }
            (Role::Clinician, Some(RawDistricts::Names(names)))
                if !names.is_empty() && names.iter().all(|name| !name.trim().is_empty()) =>
            {
                Ok(Reach::Districts(names.clone()))
            }
            (Role::Clinician, Some(_)) => {
                Err("`districts` is a list of names, or `\"all\"`".to_owned())
            }
            (
                Role::Researcher
                | Role::Operator
                | Role::MedicalLead
                | Role::DataProtectionOfficer,
                Some(_),
            ) => Err(format!(
                "`districts` is for clinicians: `{}` sees no residents",
                self.role
            )),
            (
                Role::Researcher
                | Role::Operator
                | Role::MedicalLead
                | Role::DataProtectionOfficer,
                None,
            ) => Ok(Reach::Nobody),
        }
    }
}

/// Whether an address is of this machine.
fn is_here(rest: &str) -> bool {
    let authority = rest.split('/').next().unwrap_or_default();
    let host = match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|b| b.is_ascii_digit()) => host,
        Some(_) | None => authority,
    };
    matches!(host, "localhost" | "127.0.0.1" | "[::1]")
}

fn is_issuer(text: &str, trial: bool) -> bool {
    match (text.strip_prefix("https://"), text.strip_prefix("http://")) {
        (Some(rest), _) => !rest.is_empty(),
        (None, Some(rest)) => trial && is_here(rest),
        (None, None) => false,
    }
}

/// Whether an address is where people can be sent back to: a name, and nothing after it.
fn is_address(text: &str, trial: bool) -> bool {
    let authority = text.split_once("://").map_or("", |(_, rest)| rest);
    let plain = |c: char| c.is_ascii_alphanumeric() || "-.:[]".contains(c);
    is_issuer(text, trial) && authority.chars().all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(text: &str, trial: bool) -> (Web, Vec<String>) {
        let raw: RawWeb = toml::from_str(text).expect("a section");
        let mut mistakes = Vec::new();
        let web = raw.checked(Path::new("/etc"), trial, &mut mistakes);
        (web, mistakes)
    }

    const SOUND: &str = r#"
address = "https://preventio.example.org"
issuer = "https://login.example.org"
client_id = "preventio"
client_secret_file = "secret"
grant = [
  { value = "nurses", role = "clinician", districts = ["Kallio"] },
  { value = "heads", role = "clinician", districts = "all" },
  { value = "science", role = "researcher" },
]
"#;

    #[test]
    fn a_sound_section_says_who_may_see_whom() {
        let (web, mistakes) = checked(SOUND, false);
        assert_eq!(mistakes, Vec::<String>::new());
        let reaches: Vec<&Reach> = web.grants.iter().map(|grant| &grant.reach).collect();
        let kallio = Reach::Districts(vec!["Kallio".to_owned()]);
        assert_eq!(reaches, [&kallio, &Reach::Everybody, &Reach::Nobody]);
        let secret = web.provider.map(|provider| provider.client_secret);
        assert_eq!(secret, Some(ClientSecret::File("/etc/secret".into())));
    }

    #[test]
    fn whose_district_is_not_known_is_in_none() {
        let kallio = Reach::Districts(vec!["Kallio".to_owned()]);
        for (reach, district, expected) in [
            (&kallio, Some("Kallio"), true),
            (&kallio, Some("Kallio "), false),
            (&kallio, None, false),
            (&Reach::Nobody, Some("Kallio"), false),
            (&Reach::Nobody, None, false),
            (&Reach::Everybody, None, true),
        ] {
            assert_eq!(reach.holds(district), expected, "{reach:?} {district:?}");
        }
        let both = kallio.clone().and(Reach::Nobody);
        assert_eq!(both, kallio);
        assert_eq!(kallio.and(Reach::Everybody), Reach::Everybody);
    }

    #[test]
    fn what_would_let_in_the_wrong_people_is_a_mistake() {
        for (from, to, says) in [
            (
                "https://preventio",
                "http://preventio",
                "`address` is `http://",
            ),
            (
                "example.org\"\nissuer",
                "example.org/x\"\nissuer",
                "`address` is",
            ),
            ("https://login", "http://login", "`issuer` is `http://"),
            (
                "client_id = \"preventio\"",
                "client_id = \" \"",
                "`client_id` is missing",
            ),
            (", districts = \"all\"", "", "`districts` is missing"),
            ("\"all\"", "\"none\"", "`districts` is a list"),
            ("[\"Kallio\"]", "[]", "`districts` is a list"),
            (
                "\"researcher\"",
                "\"researcher\", districts = \"all\"",
                "sees no residents",
            ),
            ("\"researcher\"", "\"root\"", "no role `root`"),
            (
                "client_id",
                "idle_minutes = 0\nclient_id",
                "`idle_minutes` is 1 to 720",
            ),
            (
                "client_id",
                "longest_minutes = 721\nclient_id",
                "`longest_minutes` is 1 to 720",
            ),
            (
                "client_id",
                "client_secret_variable = \"S\"\nclient_id",
                "are both there",
            ),
            (
                "address = \"https://preventio.example.org\"",
                "",
                "`address` is missing",
            ),
            (
                "issuer = \"https://login.example.org\"",
                "",
                "`issuer` is missing",
            ),
        ] {
            assert!(SOUND.contains(from), "{from}");
            let (_, mistakes) = checked(&SOUND.replacen(from, to, 1), false);
            let said = mistakes.iter().any(|mistake| mistake.contains(says));
            assert!(said, "{to}: {mistakes:?}");
        }
        // A trial may talk to a provider on this machine without encryption, and to no other.
        let here = SOUND.replace("https://login.example.org", "http://127.0.0.1:9000/x");
        assert_eq!(checked(&here, true).1, Vec::<String>::new());
        assert_eq!(checked(&here, false).1.len(), 1);
        let elsewhere = SOUND.replace("https://login", "http://login");
        assert_eq!(checked(&elsewhere, true).1.len(), 1);
        assert_eq!(checked("", true).1, Vec::<String>::new());
    }
}
