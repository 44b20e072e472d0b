//! The days on which effects may go on.

use super::*;
use crate::rulebook::InForcePeriod;

#[test]
fn the_last_day_is_the_last_of_the_rules_and_of_the_law() {
    let day = |text: &str| text.parse::<Date>().expect("a day");
    let basis = LegalBasis {
        reference: "a decision".to_owned(),
        valid_from: day("2026-01-01"),
        valid_until: day("2026-06-30"),
    };
    let site = Site {
        trial: false,
        today: None,
        no_weekly_cap: false,
        epoch_file: None,
    };
    let mut config = Config {
        path: PathBuf::new(),
        site,
        legal_basis: basis,
        signers: None,
        sources: BTreeMap::new(),
        servers: BTreeMap::new(),
        channels: Vec::new(),
        sampled_negatives: None,
        lake: None,
        scope: Scope::default(),
        schedule: None,
        serve: Serve::default(),
        alarms: AlarmLimits::default(),
        retention: Retention::default(),
        web: None,
        cds: None,
    };
    let mut rulebook = crate::rules::shipped().expect("the shipped rules");
    rulebook.programme.header.status = Status::InForce;
    let period = |until: &str| {
        Some(InForcePeriod {
            from: day("2026-01-01"),
            until: day(until),
        })
    };
    rulebook.programme.in_force = period("2026-03-31");
    let holds = |config: &Config, rulebook: &Rulebook, on: &str| config.holds_on(rulebook, day(on));
    assert_eq!(
        holds(&config, &rulebook, "2026-03-31").err().map(drop),
        None
    );
    let after = holds(&config, &rulebook, "2026-04-01");
    assert!(
        matches!(after, Err(NoEffects::NotInForce { .. })),
        "{after:?}"
    );
    rulebook.programme.in_force = period("2027-03-31");
    assert!(holds(&config, &rulebook, "2026-06-30").is_ok());
    let after = holds(&config, &rulebook, "2026-07-01");
    assert!(
        matches!(after, Err(NoEffects::LegalBasis { .. })),
        "{after:?}"
    );
    // A trial tries out rules of any standing, and needs the law's permission all the same.
    config.site.trial = true;
    rulebook.programme.in_force = None;
    assert!(holds(&config, &rulebook, "2026-06-30").is_ok());
    assert!(holds(&config, &rulebook, "2026-07-01").is_err());
}
