//! A rule book as text, and as one page that needs nothing else.

use super::super::evaluation_page::{STYLE, escaped};
use super::{Block, Cell, Line, RuleBookShown, Table};

/// As text, for a terminal.
#[must_use]
pub fn rule_book_text(shown: &RuleBookShown) -> String {
    let mut text = format!("{}\n", shown.title);
    for block in &shown.blocks {
        match block {
            Block::Heading(2, heading) => {
                let line = "=".repeat(heading.chars().count());
                text.push_str(&format!("\n\n{heading}\n{line}\n"));
            }
            Block::Heading(_, heading) => text.push_str(&format!("\n{heading}\n")),
            Block::Paragraph(said) => text.push_str(&format!("{said}\n")),
            Block::Caution(said) => text.push_str(&format!("! {said}\n")),
            Block::List(lines) => {
                for line in lines {
                    text.push_str(&format!("  - {line}\n"));
                }
            }
            Block::Table(table) => text.push_str(&table_text(table)),
        }
    }
    text
}

fn lines(cell: &Cell) -> Vec<&str> {
    let lines = cell.lines.iter();
    let lines = lines.map(|line| match line {
        Line::Plain(text) | Line::Unverified(text) => text.as_str(),
    });
    lines.filter(|line| !line.is_empty()).collect()
}

/// The first cell names a row; the others stand below it with their heads.
fn table_text(table: &Table) -> String {
    let mut text = String::new();
    for row in &table.rows {
        let Some((first, rest)) = row.split_first() else {
            continue;
        };
        let name = lines(first).join(", ");
        if let ([value], true) = (rest, table.head.is_empty()) {
            let value = lines(value);
            if let ([only], false) = (&value[..], name.is_empty()) {
                text.push_str(&format!("  {name}: {only}\n"));
                continue;
            }
            text.push_str(&format!("  {name}:\n"));
            for line in value {
                text.push_str(&format!("      {line}\n"));
            }
            continue;
        }
        text.push_str(&match table.head.first() {
            Some(head) => format!("  {head} {name}\n"),
            None => format!("  {name}\n"),
        });
        for (n, cell) in rest.iter().enumerate() {
            let head = table.head.get(n + 1).map_or("", String::as_str);
            match &lines(cell)[..] {
                [] => {}
                [only] => text.push_str(&format!("      {head}: {only}\n")),
                several => {
                    text.push_str(&format!("      {head}:\n"));
                    for line in several {
                        text.push_str(&format!("        {line}\n"));
                    }
                }
            }
        }
    }
    text
}

/// What this page adds to the style of the others.
const MORE_STYLE: &str = "
body { max-width: 75rem; } p, ul { max-width: 46rem; }
td, th { padding: .3rem .9rem .3rem 0; } tbody tr { border-bottom: 1px solid #e4e4e4; }
tbody th { font-weight: 600; }
.unverified { color: #8a3b00; font-weight: 600; }
.long { overflow-wrap: break-word; }
h3 { font-size: 1.05rem; margin: 1.4rem 0 .3rem; }
@media print { .wide { overflow: visible; } tr { break-inside: avoid; } h2, h3 { break-after: avoid; } }
";

/// As one offline page: nothing is loaded from anywhere, nothing is run, what the rules say is escaped.
#[must_use]
pub fn rule_book_page(shown: &RuleBookShown) -> String {
    let title = escaped(&shown.title);
    let mut page = format!(
        "<!DOCTYPE html>\n<html lang=\"{}\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>{title}</title>\n<style>{STYLE}{MORE_STYLE}</style>\n</head>\n<body>\n<h1>{title}</h1>\n",
        shown.language.code()
    );
    for block in &shown.blocks {
        match block {
            Block::Heading(level, heading) => {
                page.push_str(&format!("<h{level}>{}</h{level}>\n", escaped(heading)));
            }
            Block::Paragraph(said) => page.push_str(&format!("<p>{}</p>\n", escaped(said))),
            Block::Caution(said) => {
                page.push_str(&format!("<p class=\"caution\">{}</p>\n", escaped(said)));
            }
            Block::List(lines) => {
                let lines = lines
                    .iter()
                    .map(|line| format!("<li>{}</li>\n", escaped(line)));
                page.push_str(&format!("<ul>\n{}</ul>\n", lines.collect::<String>()));
            }
            Block::Table(table) => page.push_str(&table_page(table)),
        }
    }
    page.push_str("</body>\n</html>\n");
    page
}

fn table_page(table: &Table) -> String {
    let mut text = "<div class=\"wide\"><table>\n".to_owned();
    if !table.head.is_empty() {
        let head = table.head.iter();
        let head = head.map(|name| format!("<th scope=\"col\">{}</th>", escaped(name)));
        text.push_str(&format!(
            "<thead><tr>{}</tr></thead>\n",
            head.collect::<String>()
        ));
    }
    text.push_str("<tbody>\n");
    for row in &table.rows {
        let cells = row.iter().enumerate().map(|(n, cell)| match n {
            0 => format!("<th scope=\"row\">{}</th>", cell_page(cell)),
            _ => format!("<td class=\"long\">{}</td>", cell_page(cell)),
        });
        text.push_str(&format!("<tr>{}</tr>\n", cells.collect::<String>()));
    }
    text.push_str("</tbody></table></div>\n");
    text
}

fn cell_page(cell: &Cell) -> String {
    let lines = cell.lines.iter().map(|line| match line {
        Line::Plain(text) => escaped(text),
        Line::Unverified(text) => format!("<span class=\"unverified\">{}</span>", escaped(text)),
    });
    lines.collect::<Vec<_>>().join("<br>")
}
