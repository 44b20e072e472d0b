//! The list of a generation: a table that any tool reads, one line a file.

use super::{GENERATIONS, OBJECTS, object_name};
use crate::lake::ManifestFile;

const HEAD: &str = "ledger,generation,table,file,rows,bytes\n";

/// Its name; numbers are as long as each other, so that names sort as numbers do.
pub(super) fn list_name(n: u32) -> String {
    format!("{GENERATIONS}/{n:010}.csv")
}

/// The number in a list's own name.
pub(super) fn number_of(own: &str) -> Option<u32> {
    own.strip_suffix(".csv")?.parse().ok()
}

/// The list; the same files make the same bytes.
pub(super) fn list_of(ledger: &str, n: u32, files: &[ManifestFile]) -> Vec<u8> {
    let mut files: Vec<&ManifestFile> = files.iter().collect();
    files.sort();
    let line = |file: &ManifestFile| {
        let (table, name) = (file.table.name(), object_name(file));
        format!("{ledger},{n},{table},{name},{},{}\n", file.rows, file.bytes)
    };
    let lines: String = files.into_iter().map(line).collect();
    format!("{HEAD}{lines}").into_bytes()
}

/// The own names of the files that a list names.
pub(super) fn files_in(text: &str) -> Vec<String> {
    let names = text.lines().skip(1).filter_map(|line| {
        let name = line.split(',').nth(3)?;
        name.strip_prefix(OBJECTS)?.strip_prefix('/')
    });
    names.map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lake::Table;

    #[test]
    fn a_list_names_every_file_in_one_order() {
        let file = |table, sha256: &str| ManifestFile {
            table,
            sha256: sha256.to_owned(),
            bytes: 20,
            rows: 3,
        };
        let (a, b) = (file(Table::Facts, "aa"), file(Table::Issues, "bb"));
        let list = list_of("07", 12, &[b.clone(), a.clone()]);
        assert_eq!(list, list_of("07", 12, &[a, b]));
        let text = String::from_utf8(list).expect("text");
        assert_eq!(
            text,
            "ledger,generation,table,file,rows,bytes\n\
             07,12,facts,objects/aa.parquet,3,20\n\
             07,12,issues,objects/bb.parquet,3,20\n"
        );
        assert_eq!(files_in(&text), ["aa.parquet", "bb.parquet"]);
        assert_eq!(list_name(12), "generations/0000000012.csv");
        assert_eq!(number_of("0000000012.csv"), Some(12));
        assert_eq!(number_of("owner"), None);
    }
}
