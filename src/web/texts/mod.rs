//! What the pages say, in three languages: each text in all of them, or it does not compile.

mod codes;
mod words;

pub(super) use codes::code_in_words;
pub(super) use words::Text;
