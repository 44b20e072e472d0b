//! HL7 v2.5.1 messages: `OML^O21`, a laboratory order or its cancellation, and the answer to it.
//!
//! Source: HL7 v2.5.1, chapters 2 (control), 3 (PID) and 4 (orders). Written here and not by a library:
//! of those on crates.io, `hl7v2` is under the AGPL, and `hl7-parser`, `rust-hl7` and `hl7-mllp-codec`
//! read messages or frames and neither write nor escape them; what is needed is one message and one answer.

use sha2::{Digest, Sha256};

/// What stands for a control id, a placer's order number and a group number: at most 20 characters,
/// since MSH-10 has 20 and ORC-2 has 22.
const DIGITS: usize = 20;
/// Crockford's base 32: no letter that is read as another.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// 20 characters that stand for 16 bytes: their first 100 bits.
pub(super) fn number(bytes: &[u8; 16]) -> String {
    let bits = u128::from_be_bytes(*bytes);
    let digit = |n: usize| {
        let shift = 128 - 5 * (n + 1);
        let index = usize::try_from((bits >> shift) & 0x1f).unwrap_or_default();
        char::from(ALPHABET[index])
    };
    (0..DIGITS).map(digit).collect()
}

/// The number of a text, as [`number`] of its hash.
pub(super) fn number_of(text: &str) -> String {
    let hash = Sha256::digest(text.as_bytes());
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hash[..16]);
    number(&bytes)
}

/// A field that cannot be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Unwritable;

/// A text with the characters escaped that mean something in HL7 v2.
///
/// # Errors
///
/// [`Unwritable`] for a text with control characters, which no field of ours has a use for, or one
/// that is longer than the field.
pub(super) fn escaped(text: &str, longest: usize) -> Result<String, Unwritable> {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '|' => out.push_str("\\F\\"),
            '^' => out.push_str("\\S\\"),
            '&' => out.push_str("\\T\\"),
            '~' => out.push_str("\\R\\"),
            '\\' => out.push_str("\\E\\"),
            c if c.is_control() => return Err(Unwritable),
            c => out.push(c),
        }
    }
    if out.is_empty() || longest < out.chars().count() {
        return Err(Unwritable);
    }
    Ok(out)
}

/// Who talks to whom.
#[derive(Clone, Copy)]
pub(super) struct Parties<'a> {
    pub(super) sending_application: &'a str,
    pub(super) sending_facility: &'a str,
    pub(super) receiving_application: &'a str,
    pub(super) receiving_facility: &'a str,
    pub(super) patient_authority: &'a str,
    /// MSH-11: `P`, or `T` in a trial.
    pub(super) is_trial: bool,
}

/// What a message asks.
#[derive(Clone, Copy)]
pub(super) struct LaboratoryOrder<'a> {
    /// MSH-10: by it the receiver knows a message again.
    pub(super) control_id: &'a str,
    /// ORC-2 and OBR-2: by it the receiver knows the order.
    pub(super) placer_number: &'a str,
    /// ORC-4: the orders of one round.
    pub(super) group_number: &'a str,
    /// Whether the order is taken back.
    pub(super) is_cancelled: bool,
    pub(super) patient_id: &'a str,
    pub(super) code: &'a str,
    pub(super) name: &'a str,
    /// HL7 table 0396.
    pub(super) code_system: &'a str,
    /// `YYYYMMDD`.
    pub(super) written_on: &'a str,
    /// `YYYYMMDD`.
    pub(super) sample_by: &'a str,
}

/// `OML^O21` as bytes: segments that end with a carriage return, UTF-8.
///
/// # Errors
///
/// [`Unwritable`] when a field does not fit.
pub(super) fn order_message(
    parties: &Parties<'_>,
    order: &LaboratoryOrder<'_>,
) -> Result<Vec<u8>, Unwritable> {
    let field = |text: &str| escaped(text, 20);
    let processing = if parties.is_trial { "T" } else { "P" };
    let control = if order.is_cancelled { "CA" } else { "NW" };
    // CX has 250 characters in PID-3, CE as many in OBR-4.
    let patient = escaped(order.patient_id, 200)?;
    let code = escaped(order.code, 20)?;
    let name = escaped(order.name, 199)?;
    let segments = [
        format!(
            "MSH|^~\\&|{}|{}|{}|{}|{}||OML^O21^OML_O21|{}|{processing}|2.5.1||||||UNICODE UTF-8",
            field(parties.sending_application)?,
            field(parties.sending_facility)?,
            field(parties.receiving_application)?,
            field(parties.receiving_facility)?,
            field(order.written_on)?,
            field(order.control_id)?,
        ),
        // PID-5 is required, and no name leaves: `U` says that it is not told.
        format!(
            "PID|1||{patient}^^^{}^PI||^^^^^^U",
            field(parties.patient_authority)?
        ),
        format!(
            "ORC|{control}|{number}||{}|||||{}",
            field(order.group_number)?,
            field(order.written_on)?,
            number = field(order.placer_number)?,
        ),
        format!(
            "TQ1|1||||||{}|{}|R",
            field(order.written_on)?,
            field(order.sample_by)?
        ),
        format!(
            "OBR|1|{}||{code}^{name}^{}",
            field(order.placer_number)?,
            field(order.code_system)?
        ),
    ];
    let mut message = segments.join("\r");
    message.push('\r');
    Ok(message.into_bytes())
}

/// What a receiver answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Acknowledgement {
    /// `AA` or `CA`: it has the message and will act on it.
    Accepted,
    /// `AE` or `CE`: something in the message is wrong.
    Wrong,
    /// `AR` or `CR`: not for what is in the message; it may be sent again.
    Rejected,
}

/// Reads an answer; `None` for one that is not whole, or to another message.
pub(super) fn acknowledgement(bytes: &[u8], control_id: &str) -> Option<Acknowledgement> {
    let text = std::str::from_utf8(bytes).ok()?;
    let mut segments = text
        .split(['\r', '\n'])
        .filter(|segment| !segment.is_empty());
    let head = segments.next()?.strip_prefix("MSH")?;
    let separator = head.chars().next()?;
    let answer = segments.find_map(|segment| {
        let fields = segment.strip_prefix("MSA")?;
        fields.strip_prefix(separator)
    })?;
    let mut fields = answer.split(separator);
    let (code, about) = (fields.next()?, fields.next()?);
    if about != control_id {
        return None;
    }
    match code {
        "AA" | "CA" => Some(Acknowledgement::Accepted),
        "AE" | "CE" => Some(Acknowledgement::Wrong),
        "AR" | "CR" => Some(Acknowledgement::Rejected),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_means_something_in_hl7_is_escaped_and_what_does_not_fit_is_refused() {
        assert_eq!(
            escaped("a|b^c&d~e\\f", 40),
            Ok("a\\F\\b\\S\\c\\T\\d\\R\\e\\E\\f".to_owned())
        );
        assert_eq!(
            escaped("Hemoglobiini-A1c, osuus, ä", 40).as_deref(),
            Ok("Hemoglobiini-A1c, osuus, ä")
        );
        for (text, longest) in [("", 5), ("a\rMSH", 20), ("123456", 5), ("|||", 8)] {
            assert_eq!(escaped(text, longest), Err(Unwritable), "{text:?}");
        }
    }

    #[test]
    fn a_number_has_twenty_characters_and_differs_where_keys_do() {
        assert_eq!(number(&[0; 16]), "0".repeat(20));
        assert_eq!(number(&[0xff; 16]), "Z".repeat(20));
        let mut other = [0xff; 16];
        other[12] = 0xef;
        assert_ne!(number(&other), number(&[0xff; 16]));
    }

    #[test]
    fn an_answer_counts_when_it_is_whole_and_to_this_message() {
        let answer =
            |msa: &str| format!("MSH|^~\\&|LAB|H|P|H|20250201||ACK^O21|7|P|2.5.1\r{msa}\r");
        for (msa, expected) in [
            ("MSA|AA|K1", Some(Acknowledgement::Accepted)),
            ("MSA|CA|K1|fine", Some(Acknowledgement::Accepted)),
            ("MSA|AE|K1", Some(Acknowledgement::Wrong)),
            ("MSA|AR|K1", Some(Acknowledgement::Rejected)),
            ("MSA|AA|K2", None),
            ("MSA|XX|K1", None),
            ("MSA|AA", None),
            ("ERR|1", None),
        ] {
            assert_eq!(
                acknowledgement(answer(msa).as_bytes(), "K1"),
                expected,
                "{msa}"
            );
        }
        assert_eq!(acknowledgement(b"<html>", "K1"), None);
        // Another field separator is the sender's right.
        let other = b"MSH#^~\\&#LAB\rMSA#AA#K1\r";
        assert_eq!(
            acknowledgement(other, "K1"),
            Some(Acknowledgement::Accepted)
        );
    }
}
