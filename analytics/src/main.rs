//! The program `bedrock-audit`: everything is in the library.

fn main() -> std::process::ExitCode {
    analytics::cli::main()
}
