//! What is wrong with a rule file, and where.

use std::fmt;

/// One file of the rules folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleFile {
    /// Path below the rules folder, with `/`.
    pub path: String,
    /// Its whole text.
    pub text: String,
}

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The rule book is refused.
    Error,
    /// Worth a look; the rule book loads.
    Warning,
}

/// One finding in a rule file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// Path below the rules folder.
    pub file: String,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// How bad.
    pub severity: Severity,
    /// Stable kebab-case code.
    pub code: &'static str,
    /// What is wrong, lower case, without a full stop.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let severity = match self.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        write!(
            f,
            "{severity}[{}]: {}\n  --> {}:{}:{}",
            self.code, self.message, self.file, self.line, self.column
        )?;
        if let Some(hint) = &self.hint {
            write!(f, "\n  hint: {hint}")?;
        }
        Ok(())
    }
}
