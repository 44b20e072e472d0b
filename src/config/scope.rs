//! Whom effects may concern: a pilot is a configuration.

use jiff::civil::Date;
use preventiojyraa_core::profile::BirthDate;
use serde::Deserialize;

/// Whom effects may concern; everybody, where nothing is said.
///
/// Everybody is still decided about; outside the scope no round begins, nothing leaves that would
/// begin one, and no task is opened about whoever has none. A round that has begun goes on to its end,
/// or a result would end with nobody told; what was delivered is taken back all the same.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scope {
    /// Districts, as the register calls them; residents whose district is not known, or not to be
    /// disclosed, are in none.
    #[serde(default)]
    pub districts: Vec<String>,
    /// The lowest age in completed years.
    pub age_from: Option<i16>,
    /// The age below which residents are.
    pub age_below: Option<i16>,
}

impl Scope {
    /// Whether it leaves nobody out.
    #[must_use]
    pub fn is_everybody(&self) -> bool {
        *self == Self::default()
    }

    /// Whether a resident is surely inside: of an age or a district that is not known nobody can say so.
    #[must_use]
    pub fn holds(&self, district: Option<&str>, birth: BirthDate, on: Date) -> bool {
        let is_there = self.districts.is_empty()
            || district.is_some_and(|name| self.districts.iter().any(|known| known == name));
        let is_of_age = match (self.age_from, self.age_below, birth.age_on(on)) {
            (None, None, _) => true,
            (_, _, None) => false,
            (from, below, Some((youngest, oldest))) => {
                from.is_none_or(|from| from <= youngest) && below.is_none_or(|end| oldest < end)
            }
        };
        is_there && is_of_age
    }

    /// What the ledger's stamp says of it: another scope is a reason to look again.
    #[must_use]
    pub fn text(&self) -> String {
        let Self {
            districts,
            age_from,
            age_below,
        } = self;
        if self.is_everybody() {
            return String::new();
        }
        format!(" {districts:?} {age_from:?} {age_below:?}")
    }

    pub(super) fn mistakes(&self, mistakes: &mut Vec<String>) {
        let mut wrong = |what: &str| mistakes.push(format!("scope: {what}"));
        if self.is_everybody() {
            wrong("it names neither districts nor ages: without `[scope]` it is everybody");
        }
        if self.districts.iter().any(|name| name.trim().is_empty()) {
            wrong("a district has no name");
        }
        let years = 0..=150;
        let ages = [self.age_from, self.age_below];
        if ages.iter().flatten().any(|age| !years.contains(age)) {
            wrong("`age_from` and `age_below` are 0 to 150 years");
        }
        if let (Some(from), Some(below)) = (self.age_from, self.age_below)
            && below <= from
        {
            wrong("`age_below` is not above `age_from`: nobody is inside");
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn whoever_may_be_outside_is_not_inside() {
        let scope = Scope {
            districts: vec!["Kallio".to_owned()],
            age_from: Some(45),
            age_below: Some(75),
        };
        let on = date(2025, 6, 6);
        let born = |year| BirthDate::on(date(year, 6, 6));
        let kallio = Some("Kallio");
        for (district, birth, expected) in [
            (kallio, born(1980), true),
            (kallio, born(1981), false),
            (kallio, born(1951), true),
            (kallio, born(1950), false),
            (Some("Vuosaari"), born(1970), false),
            (None, born(1970), false),
            (kallio, BirthDate::UNKNOWN, false),
        ] {
            assert_eq!(scope.holds(district, birth, on), expected, "{district:?}");
        }
        assert!(Scope::default().holds(None, BirthDate::UNKNOWN, on));
    }
}
