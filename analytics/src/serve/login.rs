//! Who is let in: whoever knows the password, or, where there is none, everybody who reaches the port.

use std::fmt::{Debug, Formatter};
use std::sync::Arc;

use async_trait::async_trait;
use futures::Sink;
use pgwire::api::auth::sasl::SASLAuthStartupHandler;
use pgwire::api::auth::sasl::scram::{SCRAM_ITERATIONS, ScramAuth, gen_salted_password};
use pgwire::api::auth::{
    AuthSource, DefaultServerParameterProvider, LoginInfo, Password as Salted, StartupHandler, finish_authentication,
    protocol_negotiation, save_startup_parameters_to_metadata,
};
use pgwire::api::{ClientInfo, ConnectionManager, PidSecretKeyGenerator, RandomPidSecretKeyGenerator};
use pgwire::error::{PgWireError, PgWireResult};
use pgwire::messages::{PgWireBackendMessage, PgWireFrontendMessage};
use ring::rand::{SecureRandom, SystemRandom};

use super::fatal;
use super::statement::VERSION;

/// The one password, as SCRAM-SHA-256 keeps it. Any user name goes with it.
#[derive(Clone)]
pub struct Password {
    salt: Vec<u8>,
    salted: Vec<u8>,
}

impl Password {
    /// None when the system has no random bytes for its salt.
    pub fn new(password: &str) -> Option<Self> {
        let mut salt = vec![0; 16];
        SystemRandom::new().fill(&mut salt).ok()?;
        let salted = gen_salted_password(password, &salt, SCRAM_ITERATIONS);
        Some(Self { salt, salted })
    }
}

impl Debug for Password {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        f.write_str("Password")
    }
}

#[async_trait]
#[allow(
    elided_lifetimes_in_paths,
    reason = "async_trait compares the lifetimes that are named with those of the trait"
)]
impl AuthSource for Password {
    async fn get_password(&self, _login: &LoginInfo) -> PgWireResult<Salted> {
        Ok(Salted::new(Some(self.salt.clone()), self.salted.clone()))
    }
}

/// What every client is let in by.
pub struct Door {
    password: Option<Password>,
    certificate: Option<Vec<u8>>,
    parameters: Arc<DefaultServerParameterProvider>,
    connections: Arc<ConnectionManager>,
    keys: Arc<RandomPidSecretKeyGenerator>,
}

impl Door {
    /// `certificate`: the server's, in PEM; with one, nobody is let in without TLS.
    pub fn new(password: Option<Password>, certificate: Option<Vec<u8>>, connections: Arc<ConnectionManager>) -> Self {
        let mut parameters = DefaultServerParameterProvider::default();
        parameters.server_version = VERSION.to_owned();
        parameters.is_superuser = false;
        parameters.default_transaction_read_only = true;
        parameters.time_zone = "UTC".to_owned();
        let (parameters, keys) = (Arc::new(parameters), Arc::default());
        Self { password, certificate, parameters, connections, keys }
    }

    /// The login of one client.
    pub fn login(self: &Arc<Self>) -> Login {
        let scram = self.password.clone().map(|password| {
            let mut scram = ScramAuth::new(Arc::new(password));
            if let Some(certificate) = &self.certificate {
                // A certificate whose signature has no hash for it, such as Ed25519: then the password is not bound to it.
                let _ = scram.configure_certificate(certificate);
            }
            SASLAuthStartupHandler::new(self.parameters.clone())
                .with_scram(scram)
                .with_connection_manager(self.connections.clone())
                .with_pid_secret_key_generator(self.keys.clone())
        });
        Login { door: self.clone(), scram }
    }
}

/// One client's way in.
pub struct Login {
    door: Arc<Door>,
    scram: Option<SASLAuthStartupHandler<DefaultServerParameterProvider>>,
}

#[async_trait]
impl StartupHandler for Login {
    async fn on_startup<C>(&self, client: &mut C, message: PgWireFrontendMessage) -> PgWireResult<()>
    where
        C: ClientInfo + Sink<PgWireBackendMessage> + Unpin + Send + Sync,
        C::Error: Debug,
        PgWireError: From<<C as Sink<PgWireBackendMessage>>::Error>,
    {
        if self.door.certificate.is_some() && !client.is_secure() {
            return Err(fatal(
                "28000",
                "connections are taken through TLS only; connect with sslmode=require".to_owned(),
            ));
        }
        if let Some(scram) = &self.scram {
            return scram.on_startup(client, message).await;
        }
        let PgWireFrontendMessage::Startup(startup) = message else { return Ok(()) };
        protocol_negotiation(client, &startup).await?;
        save_startup_parameters_to_metadata(client, &startup);
        let (pid, key) = self.door.keys.generate(&*client);
        client.set_pid_and_secret_key(pid, key.clone());
        let (handle, guard) = self.door.connections.register(pid, key);
        client.session_extensions().insert(handle);
        client.session_extensions().insert(guard);
        finish_authentication(client, self.door.parameters.as_ref()).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_salted_each_time_and_never_shown() {
        let [one, other] = ["a password", "a password"].map(|text| Password::new(text).expect("random bytes"));
        assert_ne!(one.salt, other.salt);
        assert_ne!(one.salted, other.salted);
        assert_eq!(format!("{one:?}"), "Password");
    }
}
