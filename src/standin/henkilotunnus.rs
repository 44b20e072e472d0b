//! Finnish personal identity codes in the range reserved for tests.
//!
//! `DDMMYY c NNN k`: the individual number NNN is 900–999 here, which no real person has; odd is male, even female.
//! `k = "0123456789ABCDEFHJKLMNPRSTUVWXY"[DDMMYYNNN mod 31]`.
//! Several signs stand for one century since 2023, and two codes that differ in the sign alone are two people.

use super::calendar::Day;
use super::numbers;

const CHECK_CHARACTERS: &[u8; 31] = b"0123456789ABCDEFHJKLMNPRSTUVWXY";
const SIGNS_1900: &[u8; 6] = b"-YXWVU";
const SIGNS_2000: &[u8; 6] = b"ABCDEF";

/// How many people of one sex can share a birth date: fifty numbers and six signs.
pub(super) const PER_BIRTH_DATE_AND_SEX: u32 = 300;

/// A code of the test range for the `slot`-th person (modulo 300) of this sex born on this day.
///
/// Different slots below 300 give different codes.
pub(super) fn test_code(birth: Day, female: bool, slot: u32) -> String {
    let (year, month, day) = birth.civil();
    let slot = slot % PER_BIRTH_DATE_AND_SEX;
    let individual = 900 + 2 * (slot % 50) + u32::from(!female);
    let signs = if year < 2000 { SIGNS_1900 } else { SIGNS_2000 };
    let sign = signs[numbers::position_of_bits(u64::from(slot / 50), signs.len())];
    let digits = format!("{day:02}{month:02}{:02}", year.rem_euclid(100));
    let check = check_character(&digits, individual);
    format!(
        "{digits}{}{individual:03}{}",
        char::from(sign),
        char::from(check)
    )
}

/// The same code with a check character that is wrong, as typing errors make it.
pub(super) fn with_wrong_check(code: &str) -> String {
    let (body, check) = code.split_at(code.len() - 1);
    let right = CHECK_CHARACTERS
        .iter()
        .position(|c| check.as_bytes() == [*c])
        .unwrap_or(0);
    let wrong = CHECK_CHARACTERS[(right + 7) % CHECK_CHARACTERS.len()];
    format!("{body}{}", char::from(wrong))
}

fn check_character(birth_digits: &str, individual: u32) -> u8 {
    let number: u64 = format!("{birth_digits}{individual:03}")
        .bytes()
        .fold(0, |n, digit| n * 10 + u64::from(digit - b'0'));
    CHECK_CHARACTERS[numbers::position_of_bits(number, CHECK_CHARACTERS.len())]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn published_examples_have_the_check_character_computed_here() {
        for code in [
            "131052-308T",
            "010594Y9032",
            "020516C903K",
            "030594W903B",
            "040594V9030",
            "020594X903P",
            "050594U903M",
            "010516B903X",
            "030516D9037",
            "010501E9032",
            "020503F9037",
        ] {
            let individual: u32 = code[7..10].parse().expect("digits");
            assert_eq!(
                check_character(&code[..6], individual),
                code.as_bytes()[10],
                "{code}"
            );
        }
    }

    #[test]
    fn three_hundred_slots_give_three_hundred_codes_of_the_right_sex_and_century() {
        for (birth, signs) in [
            (Day::from_civil(1960, 2, 29), "-YXWVU"),
            (Day::from_civil(2003, 12, 1), "ABCDEF"),
        ] {
            for female in [true, false] {
                let codes: std::collections::BTreeSet<String> = (0..PER_BIRTH_DATE_AND_SEX)
                    .map(|slot| test_code(birth, female, slot))
                    .collect();
                assert_eq!(codes.len(), 300);
                for code in &codes {
                    let individual: u32 = code[7..10].parse().expect("digits");
                    assert!((900..=999).contains(&individual));
                    assert_eq!(individual.is_multiple_of(2), female);
                    assert!(signs.contains(&code[6..7]));
                }
            }
        }
    }

    #[test]
    fn a_wrong_check_character_differs_in_nothing_else() {
        assert_eq!(with_wrong_check("131052-308T"), "131052-3081");
    }
}
