//! Bytes of rows that wait: numbers, dates, texts and identifiers, one after another.

use jiff::civil::Date;

use crate::fhir::LinePlace;
use crate::profile::{ResidentId, Version};

pub(super) fn put_version(out: &mut Vec<u8>, version: Version) {
    out.extend_from_slice(&version.updated.to_le_bytes());
    out.extend_from_slice(&version.pull.to_le_bytes());
    out.extend_from_slice(&version.digest.to_le_bytes());
}

pub(super) fn take_version(bytes: &mut &[u8]) -> Option<Version> {
    Some(Version {
        updated: i64::from_le_bytes(array(bytes)?),
        pull: u32::from_le_bytes(array(bytes)?),
        digest: u64::from_le_bytes(array(bytes)?),
    })
}

pub(super) fn put_place(out: &mut Vec<u8>, place: Option<(u32, LinePlace)>) {
    let (file, LinePlace { block, line }) = place.unwrap_or((
        u32::MAX,
        LinePlace {
            block: u32::MAX,
            line: u32::MAX,
        },
    ));
    for number in [file, block, line] {
        out.extend_from_slice(&number.to_le_bytes());
    }
}

pub(super) fn take_place(bytes: &mut &[u8]) -> Option<Option<(u32, LinePlace)>> {
    let [file, block, line] = [array(bytes)?, array(bytes)?, array(bytes)?].map(u32::from_le_bytes);
    Some((file != u32::MAX).then_some((file, LinePlace { block, line })))
}

pub(super) fn put_date(out: &mut Vec<u8>, date: Date) {
    out.extend_from_slice(&date.year().to_le_bytes());
    out.extend_from_slice(&date.month().to_le_bytes());
    out.extend_from_slice(&date.day().to_le_bytes());
}

pub(super) fn take_date(bytes: &mut &[u8]) -> Option<Date> {
    let year = i16::from_le_bytes(array(bytes)?);
    let [month, day] = [array(bytes)?, array(bytes)?].map(i8::from_le_bytes);
    Date::new(year, month, day).ok()
}

/// No month is zero: that stands for no date.
pub(super) fn put_optional_date(out: &mut Vec<u8>, date: Option<Date>) {
    match date {
        Some(date) => put_date(out, date),
        None => out.extend_from_slice(&[0; 4]),
    }
}

pub(super) fn take_optional_date(bytes: &mut &[u8]) -> Option<Option<Date>> {
    match bytes.strip_prefix(&[0; 4]) {
        Some(rest) => {
            *bytes = rest;
            Some(None)
        }
        None => take_date(bytes).map(Some),
    }
}

pub(super) fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    out.extend_from_slice(&(bytes.len() as u64).to_le_bytes());
    out.extend_from_slice(bytes);
}

pub(super) fn take_bytes<'b>(bytes: &mut &'b [u8]) -> Option<&'b [u8]> {
    let length = usize::try_from(u64::from_le_bytes(array(bytes)?)).ok()?;
    let (taken, rest) = bytes.split_at_checked(length)?;
    *bytes = rest;
    Some(taken)
}

pub(super) fn put_text(out: &mut Vec<u8>, text: &str) {
    put_bytes(out, text.as_bytes());
}

pub(super) fn take_text(bytes: &mut &[u8]) -> Option<String> {
    String::from_utf8(take_bytes(bytes)?.to_vec()).ok()
}

pub(super) fn put_optional_text(out: &mut Vec<u8>, text: Option<&str>) {
    out.push(u8::from(text.is_some()));
    if let Some(text) = text {
        put_text(out, text);
    }
}

pub(super) fn take_optional_text(bytes: &mut &[u8]) -> Option<Option<String>> {
    match byte(bytes)? {
        0 => Some(None),
        _ => take_text(bytes).map(Some),
    }
}

pub(super) fn take_resident(bytes: &mut &[u8]) -> Option<ResidentId> {
    array(bytes).map(ResidentId::from_bytes)
}

pub(super) fn byte(bytes: &mut &[u8]) -> Option<u8> {
    array(bytes).map(|[byte]: [u8; 1]| byte)
}

pub(super) fn array<const N: usize>(bytes: &mut &[u8]) -> Option<[u8; N]> {
    let (array, rest) = bytes.split_first_chunk()?;
    *bytes = rest;
    Some(*array)
}
