//! From identifiers of a source to opaque ones, and the Finnish national identifier.

use preventiojyraa_core::profile::{ResidentId, SubmissionId};

/// The secret that turns identifiers of a source into [`ResidentId`]s.
///
/// Whoever holds it can test whether a guessed identifier belongs to a
/// resident, so it is kept with the ledger and shown nowhere.
#[derive(Clone, PartialEq, Eq)]
pub struct IdentityKey([u8; 32]);

impl IdentityKey {
    /// A key that everybody knows, for generated registers and for comparing runs
    /// between machines. Effects on people refuse to run on it.
    pub const PUBLIC: Self = Self(*b"preventiojyraa public test key 1");

    /// Wraps 32 secret bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes, for the ledger.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The key by which residents below the action level are drawn. It follows from this one, so a
    /// folder needs one secret; who knows it does not know this one.
    #[must_use]
    pub fn sampling_key(&self) -> [u8; 32] {
        *blake3::keyed_hash(&self.0, b"preventiojyraa sampled negatives").as_bytes()
    }

    fn hash(&self, kind: &str, parts: [&str; 2]) -> [u8; 16] {
        let parts = [kind, parts[0], parts[1]];
        // Hashed in one piece, which is faster than bit by bit; most are shorter than this.
        let mut message = Vec::with_capacity(128);
        for part in parts {
            // Lengths keep ("ab", "c") and ("a", "bc") apart.
            message.extend_from_slice(&(part.len() as u64).to_le_bytes());
            message.extend_from_slice(part.as_bytes());
        }
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&blake3::keyed_hash(&self.0, &message).as_bytes()[..16]);
        bytes
    }

    /// The resident whom a source calls by this `Patient.id`.
    #[must_use]
    pub fn resident(&self, source: &str, patient_id: &str) -> ResidentId {
        ResidentId::from_bytes(self.hash("resident", [source, patient_id]))
    }

    /// The submission that a source calls `resource_type/id`.
    #[must_use]
    pub fn submission(&self, source: &str, resource_type: &str, id: &str) -> SubmissionId {
        SubmissionId::from_bytes(self.hash(resource_type, [source, id]))
    }
}

/// A Finnish national identifier (henkilötunnus) as sent, and whether it holds.
///
/// Kept for matching only; it never reaches the lake. No `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct NationalId {
    /// All eleven characters: since 2023 the century sign alone can tell two people apart.
    pub value: String,
    /// Whether form and check character are right; a wrong one is flagged, never dropped.
    pub is_valid: bool,
}

/// Check characters, by remainder (DVV: the personal identity code).
const CHECK: &[u8; 31] = b"0123456789ABCDEFHJKLMNPRSTUVWXY";

impl NationalId {
    /// Takes an identifier as sent.
    #[must_use]
    pub fn new(value: &str) -> Self {
        Self {
            value: value.to_owned(),
            is_valid: is_valid(value),
        }
    }
}

/// `DDMMYY c NNN k`: k is `CHECK[DDMMYYNNN mod 31]`, c a century sign.
fn is_valid(value: &str) -> bool {
    let bytes = value.as_bytes();
    if bytes.len() != 11 || !b"+-YXWVUABCDEF".contains(&bytes[6]) {
        return false;
    }
    let digits: Option<u32> = bytes[..6]
        .iter()
        .chain(&bytes[7..10])
        .try_fold(0u32, |n, b| {
            b.is_ascii_digit().then(|| n * 10 + u32::from(b - b'0'))
        });
    let century = match bytes[6] {
        b'+' => 1800,
        b'-' | b'U'..=b'Y' => 1900,
        _ => 2000,
    };
    let two = |at: usize| i16::from(bytes[at] - b'0') * 10 + i16::from(bytes[at + 1] - b'0');
    digits.is_some_and(|digits| {
        let (day, month) = (
            i8::try_from(two(0)).unwrap_or(0),
            i8::try_from(two(2)).unwrap_or(0),
        );
        CHECK[(digits % 31) as usize] == bytes[10]
            && jiff::civil::Date::new(century + two(4), month, day).is_ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Published test identifiers (DVV, telp.fi, HL7 Finland); the last is HL7
    /// Finland's own example, whose check character is wrong.
    #[test]
    fn national_identifiers_are_judged_by_form_date_and_check_character() {
        for (value, valid) in [
            ("131052-308T", true),
            ("010594Y9032", true),
            ("020516C903K", true),
            ("030594W903B", true),
            ("040594V9030", true),
            ("020594X903P", true),
            ("050594U903M", true),
            ("010516B903X", true),
            ("030516D9037", true),
            ("010501E9032", true),
            ("020503F9037", true),
            ("010190-999W", true),
            ("010190-999Y", false),
            ("131052-308t", false),
            ("320152-308T", false),
            ("131052/308T", false),
            ("", false),
            ("131052-308Tx", false),
        ] {
            assert_eq!(NationalId::new(value).is_valid, valid, "{value}");
        }
    }

    /// Of one birthday in its century every sign is taken, and makes somebody else: the key is all
    /// eleven characters. (DVV: +, -, Y, X, W, V, U, A, B, C, D, E, F; 900 to 999 is nobody's.)
    #[test]
    fn every_century_sign_is_known_and_tells_people_apart() {
        let known = [
            "+", "-", "Y", "X", "W", "V", "U", "A", "B", "C", "D", "E", "F",
        ];
        let ids = known.map(|sign| NationalId::new(&"010101#903U".replace('#', sign)));
        assert!(ids.iter().all(|id| id.is_valid));
        let apart: std::collections::BTreeSet<&str> = ids.iter().map(|id| &*id.value).collect();
        assert_eq!(apart.len(), 13);
        for sign in ["G", "T", "Z", "y", "a", "0", " ", "\u{2212}", "/"] {
            let value = "010101#903U".replace('#', sign);
            assert!(!NationalId::new(&value).is_valid, "{value}");
        }
    }

    #[test]
    fn keys_sources_and_kinds_keep_identifiers_apart() {
        let key = IdentityKey::PUBLIC;
        let other = IdentityKey::from_bytes([7; 32]);
        assert_eq!(key.resident("a", "bc"), key.resident("a", "bc"));
        assert_ne!(key.resident("a", "bc"), key.resident("ab", "c"));
        assert_ne!(key.resident("a", "bc"), other.resident("a", "bc"));
        assert_ne!(
            key.submission("a", "Observation", "1"),
            key.submission("a", "Condition", "1")
        );
    }
}
