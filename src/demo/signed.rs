//! A recalibration's way into force: proposed from the older decisions, judged on the newest, signed with two
//! keys, for a share of residents first, then for all. In a real programme, two people sign.

use std::fs;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::{DemoError, Programme, START};
use crate::approval::SigningKey;
use crate::pathway::Inclusion;
use crate::report::ProposalWay;
use crate::steps::{
    self, Access, ByPerson, DataFolder, HoldOut, LearnReport, NotPromoted, ShadowOptions,
    StepError, Vouching,
};

/// Whose keys sign: the demonstration has both, so that it shows the way and not who goes it.
const SIGNERS: [(&str, &str); 2] = [
    ("the demonstration's first key", "first.pem"),
    ("the demonstration's second key", "second.pem"),
];
/// Who puts it in force.
const BY: &str = "the demonstration";
/// For three in ten first, in units of 1e-9.
const SHARE: u32 = 300_000_000;

/// How far a proposal has come.
pub(super) enum Way {
    /// None was made.
    None,
    /// It decides about a share of residents.
    ForAShare(u32),
    /// It decides about all since a day.
    ForAll(Date),
    /// These gates have not let it through.
    Shut(Vec<String>),
}

impl Way {
    pub(super) fn told(&self) -> ProposalWay<'_> {
        match self {
            Self::None => ProposalWay::None,
            Self::ForAShare(_) => ProposalWay::ForAShare,
            Self::ForAll(day) => ProposalWay::ForAll(*day),
            Self::Shut(gates) => ProposalWay::Shut(gates),
        }
    }
}

/// Makes both keys and the file that says whose they are.
pub(super) fn write_signers(out: &Path, last: Date) -> Result<(), DemoError> {
    let mut text = String::from("# Both keys are the demonstration's own.\n");
    for (name, file) in SIGNERS {
        let key = SigningKey::generate()?;
        let path = out.join("keys").join(file);
        let failed = |source| DemoError::File {
            path: path.clone(),
            source,
        };
        let mut options = fs::OpenOptions::new();
        let made = options.write(true).create_new(true).mode(0o600);
        let mut made = made.open(&path).map_err(failed)?;
        made.write_all(key.to_pem()?.as_bytes()).map_err(failed)?;
        text.push_str(&format!(
            "\n[[signer]]\nname = \"{name}\"\npublic_key = \"\"\"\n{}\"\"\"\nfrom = {START}\nuntil = {last}\n",
            key.public().to_pem()
        ));
    }
    let path = out.join("signers.toml");
    fs::write(&path, text).map_err(|source| DemoError::File { path, source })
}

impl Programme<'_> {
    /// Looks back, and has what the outcomes justify tried, signed twice and put in force for a share.
    pub(super) fn learn_and_sign(&mut self, today: Date) -> Result<LearnReport, DemoError> {
        let mut learned = match self.look_back(today, HoldOut::Newest) {
            // Where nobody can be held out there is nothing to judge a proposal by.
            Err(DemoError::Step(StepError::NobodyToHoldOut | StepError::NoModelChanges)) => {
                return self.look_back(today, HoldOut::Nobody);
            }
            learned => learned?,
        };
        let Some(id) = learned.subject.proposal else {
            return self.look_back(today, HoldOut::Nobody);
        };
        let mut data = DataFolder::open(&self.root, Access::WriteExisting)?;
        let options = ShadowOptions {
            today,
            threads: self.options.threads,
            at: today.to_string(),
        };
        let shadow = steps::model_shadow(&self.rulebook, &mut data, id, &options)?.document;
        if !shadow.passed {
            let shut = shadow.gates.into_iter();
            let shut = shut.filter(|gate| gate.why.is_some()).map(|gate| gate.gate);
            self.way = Way::Shut(shut.collect());
            return Ok(learned);
        }
        let zone = TimeZone::get(&self.rulebook.programme.time_zone);
        let zone =
            zone.map_err(|_| StepError::TimeZone(self.rulebook.programme.time_zone.clone()))?;
        let noon = today.at(12, 0, 0, 0).to_zoned(zone);
        let noon = noon.map_err(|_| DemoError::Told)?.timestamp();
        for (name, file) in SIGNERS {
            let key = SigningKey::read(&self.keys.join(file))?;
            let vouching = (self.vouching(today)?, noon);
            steps::model_sign(&self.rulebook, &mut data, id, (&key, name), vouching)?;
        }
        self.promote(&mut data, (id, SHARE), today)?;
        self.way = Way::ForAShare(id);
        learned.subject.accepted = Some("two signatures that the demonstration made".to_owned());
        Ok(learned)
    }

    /// Puts what decides about a share in force for all, once it has decided for as long as the programme says.
    pub(super) fn goes_on(&mut self, today: Date) -> Result<(), DemoError> {
        let Way::ForAShare(id) = self.way else {
            return Ok(());
        };
        let mut data = DataFolder::open(&self.root, Access::WriteExisting)?;
        let all = Inclusion::EVERYBODY.billionths();
        match self.promote(&mut data, (id, all), today) {
            Err(DemoError::Step(StepError::NotPromoted(NotPromoted::ShareFirst { .. }))) => Ok(()),
            Err(error) => Err(error),
            Ok(()) => {
                self.way = Way::ForAll(today);
                Ok(())
            }
        }
    }

    fn vouching(&self, today: Date) -> Result<Vouching<'_>, DemoError> {
        let signers = self.config.signers.as_ref().ok_or(DemoError::Told)?;
        Ok(Vouching { signers, today })
    }

    fn promote(
        &self,
        data: &mut DataFolder,
        (id, share): (u32, u32),
        today: Date,
    ) -> Result<(), DemoError> {
        let share = Inclusion::from_billionths(share).unwrap_or(Inclusion::EVERYBODY);
        let at = today.to_string();
        let by = ByPerson { name: BY, at: &at };
        let vouching = self.vouching(today)?;
        Ok(steps::model_promote(
            &self.rulebook,
            data,
            (id, share),
            by,
            vouching,
        )?)
    }
}
