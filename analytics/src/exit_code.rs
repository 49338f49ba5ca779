//! What the program's exit code says.

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ExitCode {
    /// Done, and all that was asked about is compliant.
    Done = 0,
    /// Done; something is non-compliant.
    NonCompliant = 1,
    /// Could not tell: undetermined verdicts, gaps, or inputs that were set aside.
    CouldNotTell = 2,
    /// Failed.
    Failed = 3,
    /// Misused: the command line asks for something that cannot be.
    Misused = 64,
}

impl From<ExitCode> for std::process::ExitCode {
    fn from(code: ExitCode) -> Self {
        Self::from(code as u8)
    }
}
