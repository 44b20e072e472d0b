//! Where values stand in a JSON text, so that a resource leaves a bundle byte for byte as it came.
//!
//! The text has been parsed before: here brackets and texts are counted, and nothing is checked.

use std::ops::Range;

/// The members of the object that begins at `at`: key without its quotes, and where its value stands.
pub(super) fn members(text: &[u8], at: usize) -> Vec<(&[u8], Range<usize>)> {
    let mut members = Vec::new();
    let mut at = blanks(text, at + 1);
    while text.get(at) == Some(&b'"') {
        let end = value(text, at);
        let key = text.get(at + 1..end - 1).unwrap_or_default();
        // The colon stands between.
        let start = blanks(text, blanks(text, end) + 1);
        let end = value(text, start);
        members.push((key, start..end));
        at = blanks(text, end);
        if text.get(at) == Some(&b',') {
            at = blanks(text, at + 1);
        }
    }
    members
}

/// Where the items of the array stand that begins at `at`.
pub(super) fn items(text: &[u8], at: usize) -> Vec<Range<usize>> {
    let mut items = Vec::new();
    let mut at = blanks(text, at + 1);
    while text.get(at).is_some_and(|byte| *byte != b']') {
        let end = value(text, at);
        items.push(at..end);
        at = blanks(text, end);
        if text.get(at) == Some(&b',') {
            at = blanks(text, at + 1);
        }
    }
    items
}

/// The first place from `at` on that is not blank.
pub(super) fn blanks(text: &[u8], at: usize) -> usize {
    let rest = text.get(at..).unwrap_or_default();
    at + rest
        .iter()
        .take_while(|byte| byte.is_ascii_whitespace())
        .count()
}

/// Where the value ends that begins at `at`.
fn value(text: &[u8], at: usize) -> usize {
    let (mut depth, mut in_text, mut escaped) = (0_u32, false, false);
    let rest = text.get(at..).unwrap_or_default();
    for (n, byte) in rest.iter().enumerate() {
        if in_text {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => {
                    in_text = false;
                    if depth == 0 {
                        return at + n + 1;
                    }
                }
                _ => {}
            }
            continue;
        }
        match byte {
            b'"' => in_text = true,
            b'{' | b'[' => depth += 1,
            // The end of whatever a number or a word stands in.
            b'}' | b']' | b',' if depth == 0 => return at + n,
            b'}' | b']' => {
                depth -= 1;
                if depth == 0 {
                    return at + n + 1;
                }
            }
            byte if depth == 0 && byte.is_ascii_whitespace() => return at + n,
            _ => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_cut_out_as_they_stand() {
        let text =
            br#" { "a" : [ 1 , {"x":"]}\""} ,"b,c", 6.10,null ] , "e\"":{ "f": [ ] }, "g":true}"#;
        let at = blanks(text, 0);
        let members: Vec<(String, String)> = members(text, at)
            .into_iter()
            .map(|(key, place)| {
                let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
                (text(key), text(&text_of(place)))
            })
            .collect();
        fn text_of(place: Range<usize>) -> Vec<u8> {
            let text = br#" { "a" : [ 1 , {"x":"]}\""} ,"b,c", 6.10,null ] , "e\"":{ "f": [ ] }, "g":true}"#;
            text[place].to_vec()
        }
        assert_eq!(members[0].0, "a");
        assert_eq!(
            members[1],
            ("e\\\"".to_owned(), "{ \"f\": [ ] }".to_owned())
        );
        assert_eq!(members[2], ("g".to_owned(), "true".to_owned()));
        let list = members[0].1.as_bytes();
        let found: Vec<&str> = items(list, 0)
            .into_iter()
            .map(|place| std::str::from_utf8(&list[place]).expect("text"))
            .collect();
        assert_eq!(found, ["1", r#"{"x":"]}\""}"#, "\"b,c\"", "6.10", "null"]);
        assert!(items(b"[]", 0).is_empty());
    }
}
