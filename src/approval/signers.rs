//! Whose signatures count.

use std::path::{Path, PathBuf};

use jiff::civil::Date;
use serde::Deserialize;

use super::{NotApproved, PublicKey, ordinary};

/// Thousands of signers are shorter.
const MAX_BYTES: u64 = 1 << 22;

/// Somebody whose signature counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signer {
    /// The name, as in signatures.
    pub name: String,
    /// The key.
    pub key: PublicKey,
    /// First day on which they may sign.
    pub from: Date,
    /// Last day on which they may sign.
    pub until: Date,
    /// When and why the key is not trusted any more; then nothing signed with it counts.
    pub revoked: Option<(Date, String)>,
}

/// Everybody whose signature counts, from one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signers {
    /// Where it was read from.
    pub path: PathBuf,
    /// Who.
    pub all: Vec<Signer>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    signer: Vec<RawSigner>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawSigner {
    name: String,
    public_key: String,
    from: toml::value::Datetime,
    until: toml::value::Datetime,
    revoked: Option<toml::value::Datetime>,
    why: Option<String>,
}

impl Signers {
    /// Reads a file of signers.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with it, in words.
    pub fn read(path: &Path) -> Result<Self, Vec<String>> {
        let place = path.display();
        let text = ordinary::read_text(path, MAX_BYTES)
            .map_err(|error| vec![format!("the signers `{place}` cannot be read: {error}")])?;
        let file: File = toml::from_str(&text).map_err(|error| {
            vec![format!(
                "the signers `{place}`: {}",
                error.to_string().trim_end()
            )]
        })?;
        let (mut all, mut mistakes) = (Vec::<Signer>::new(), Vec::new());
        for raw in file.signer {
            let name = raw.name.trim().to_owned();
            match raw.checked() {
                Ok(signer) if all.iter().any(|known| known.name == signer.name) => {
                    mistakes.push(format!("the signers `{place}` name `{name}` twice"));
                }
                Ok(signer) => all.push(signer),
                Err(what) => {
                    mistakes.push(format!("the signers `{place}`: signer `{name}`: {what}"))
                }
            }
        }
        if mistakes.is_empty() {
            let path = path.to_path_buf();
            Ok(Self { path, all })
        } else {
            Err(mistakes)
        }
    }

    /// Who is called so.
    #[must_use]
    pub fn called(&self, name: &str) -> Option<&Signer> {
        self.all.iter().find(|signer| signer.name == name)
    }

    /// Who stands for a text by a signature over it.
    ///
    /// # Errors
    ///
    /// [`NotApproved`] says what does not hold.
    pub fn vouch(&self, signed: &Signed<'_>, today: Date) -> Result<&Signer, NotApproved> {
        let (what, on, name) = (signed.what, signed.on, signed.signer.to_owned());
        let Some(signer) = self.called(&name) else {
            let path = self.path.clone();
            return Err(NotApproved::UnknownSigner { what, name, path });
        };
        if let Some((on, why)) = &signer.revoked {
            let (on, why) = (*on, why.clone());
            return Err(NotApproved::Revoked {
                what,
                name,
                on,
                why,
            });
        }
        if !signer
            .key
            .has_signed(signed.text.as_bytes(), signed.signature)
        {
            return Err(NotApproved::Forged { what, name });
        }
        let (from, until) = (signer.from, signer.until);
        if today < on {
            return Err(NotApproved::NotYet {
                what,
                name,
                on,
                today,
            });
        }
        if on < from || until < on {
            return Err(NotApproved::OutsideOffice {
                what,
                name,
                on,
                from,
                until,
            });
        }
        Ok(signer)
    }
}

/// A text that somebody has signed.
#[derive(Debug, Clone, Copy)]
pub struct Signed<'a> {
    /// What it is, in words.
    pub what: &'static str,
    /// Who signed, by name.
    pub signer: &'a str,
    /// On which day, as the signer says.
    pub on: Date,
    /// The text.
    pub text: &'a str,
    /// The signature: 64 bytes.
    pub signature: &'a [u8],
}

impl RawSigner {
    fn checked(self) -> Result<Signer, &'static str> {
        let day = |date: toml::value::Datetime| {
            let day = date.to_string().parse::<Date>();
            day.map_err(|_| "a date is like 2026-02-01")
        };
        let name = self.name.split_whitespace().collect::<Vec<_>>().join(" ");
        if name.is_empty() {
            return Err("`name` is empty");
        }
        let key = PublicKey::from_pem(&self.public_key)
            .ok_or("`public_key` is no Ed25519 key in PEM form (`openssl pkey -pubout`)")?;
        let (from, until) = (day(self.from)?, day(self.until)?);
        if until < from {
            return Err("`until` is before `from`");
        }
        let revoked = match (self.revoked, self.why) {
            (None, None) => None,
            (Some(on), Some(why)) if !why.trim().is_empty() => Some((day(on)?, why)),
            (Some(_), _) => return Err("`revoked` needs `why`"),
            (None, Some(_)) => return Err("`why` belongs to `revoked`"),
        };
        Ok(Signer {
            name,
            key,
            from,
            until,
            revoked,
        })
    }
}
