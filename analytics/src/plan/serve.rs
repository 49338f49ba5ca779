//! What was typed after `serve`, checked: whoever can be reached by others must encrypt, and ask for a password.

use std::path::Path;

use super::span::span;
use crate::cli::Serve;
use crate::error::{Error, Result};
use crate::serve::{Limits, Password, tls};

/// The variable with the password.
pub const PASSWORD: &str = "BEDROCK_AUDIT_SERVE_PASSWORD";

/// A password has at least so many characters: it may be guessed at from the network.
const SHORTEST: usize = 12;

/// What to serve by.
pub struct CheckedServe {
    /// What clients may take.
    pub limits: Limits,
    /// What they log in with.
    pub password: Option<Password>,
    /// What encrypts, and its certificate in PEM.
    pub tls: Option<(pgwire::tokio::TlsAcceptor, Vec<u8>)>,
}

impl Serve {
    /// Checks what was typed, and reads the files. `password`: the variable's value.
    pub fn check(&self, password: Option<String>) -> Result<CheckedServe> {
        let password = match &self.password_file {
            Some(path) => Some(read_password(path)?),
            None => password,
        };
        if let Some(password) = &password
            && password.chars().count() < SHORTEST
        {
            return Err(Error::Misused(format!("the password is too short: expected at least {SHORTEST} characters")));
        }
        self.reachable(password.is_some())?;
        let tls = match (&self.tls_cert, &self.tls_key) {
            (Some(certificate), Some(key)) => {
                let (certificate, key) = (read("--tls-cert", certificate)?, read("--tls-key", key)?);
                Some((tls::acceptor(&certificate, &key).map_err(Error::Misused)?, certificate))
            }
            _ => None,
        };
        let salted = |password: String| {
            Password::new(&password)
                .ok_or_else(|| Error::Misused("the system gives no random bytes to salt the password with".to_owned()))
        };
        Ok(CheckedServe { limits: self.limits()?, password: password.map(salted).transpose()?, tls })
    }

    /// Nobody but this machine reaches loopback; whoever reaches the rest is asked for a password, and sends it encrypted.
    fn reachable(&self, has_password: bool) -> Result<()> {
        let mut missing = Vec::new();
        if self.tls_cert.is_none() {
            missing.push("--tls-cert FILE and --tls-key FILE".to_owned());
        }
        if !has_password {
            missing.push(format!("--password-file FILE or the variable {PASSWORD}"));
        }
        if self.listen.ip().is_loopback() || missing.is_empty() {
            return Ok(());
        }
        Err(Error::Misused(format!(
            "--listen {}: others reach this address, so it needs {}; or listen on 127.0.0.1",
            self.listen,
            missing.join(", and ")
        )))
    }

    fn limits(&self) -> Result<Limits> {
        Ok(Limits {
            statement_timeout: span("--statement-timeout", &self.statement_timeout)?,
            max_rows: self.max_rows as usize,
            max_clients: usize::from(self.max_clients),
            idle_timeout: span("--idle-timeout", &self.idle_timeout)?,
        })
    }
}

fn read(option: &str, path: &Path) -> Result<Vec<u8>> {
    std::fs::read(path).map_err(|cause| Error::Misused(format!("{option} {}: {cause}", path.display())))
}

/// The file's text without the end of its line.
fn read_password(path: &Path) -> Result<String> {
    let text = String::from_utf8(read("--password-file", path)?);
    let text = text.map_err(|_| Error::Misused(format!("--password-file {}: expected UTF-8", path.display())))?;
    Ok(text.trim_end_matches(['\n', '\r']).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::LakeArg;

    fn typed(listen: &str) -> Serve {
        Serve {
            lake: LakeArg { lake: "lake".to_owned() },
            listen: listen.parse().expect("an address"),
            tls_cert: None,
            tls_key: None,
            password_file: None,
            statement_timeout: "1m".to_owned(),
            max_rows: 10,
            max_clients: 10,
            idle_timeout: "1h".to_owned(),
            prices: None,
        }
    }

    fn refusal(serve: &Serve, password: Option<&str>) -> String {
        serve.check(password.map(str::to_owned)).err().map(|error| error.to_string()).unwrap_or_default()
    }

    #[test]
    fn whoever_others_reach_needs_tls_and_a_password() {
        for loopback in ["127.0.0.1:0", "127.1.2.3:5432", "[::1]:5432"] {
            assert_eq!(refusal(&typed(loopback), None), "", "{loopback}");
        }
        for reachable in ["0.0.0.0:5432", "[::]:5432", "192.0.2.1:5432", "[::ffff:127.0.0.1]:5432"] {
            let refused = refusal(&typed(reachable), None);
            assert!(refused.contains("--tls-cert FILE and --tls-key FILE, and --password-file FILE"), "{refused}");
            let refused = refusal(&typed(reachable), Some("a long password"));
            assert!(refused.contains("--tls-cert") && !refused.contains("--password-file"), "{refused}");
        }
    }

    #[test]
    fn what_is_wrong_is_named() {
        assert!(refusal(&typed("127.0.0.1:0"), Some("short")).contains("at least 12 characters"));
        let spanless = Serve { statement_timeout: "soon".to_owned(), ..typed("127.0.0.1:0") };
        assert!(refusal(&spanless, None).contains("--statement-timeout \"soon\": expected a span"));
        let endless = Serve { idle_timeout: "2months".to_owned(), ..typed("127.0.0.1:0") };
        assert!(refusal(&endless, None).contains("a week at most"));
        let file = Serve { password_file: Some("/no/such/file".into()), ..typed("127.0.0.1:0") };
        assert!(refusal(&file, None).contains("--password-file /no/such/file"));
    }
}
