//! The server's side of TLS, from the files that it is given.

use std::sync::Arc;

use pgwire::tokio::TlsAcceptor;
use pgwire::tokio::tokio_rustls::rustls::ServerConfig;
use pgwire::tokio::tokio_rustls::rustls::crypto::ring::default_provider;
use pgwire::tokio::tokio_rustls::rustls::pki_types::pem::PemObject;
use pgwire::tokio::tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// What clients that speak TLS from the first byte on ask for.
const PROTOCOL: &[u8] = b"postgresql";

/// A certificate with those that vouch for it, and its key, both in PEM; the error says what is wrong with which.
pub fn acceptor(certificates: &[u8], key: &[u8]) -> Result<TlsAcceptor, String> {
    let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(certificates)
        .collect::<Result<_, _>>()
        .map_err(|cause| format!("--tls-cert: {cause}"))?;
    if chain.is_empty() {
        return Err("--tls-cert: the file holds no certificate in PEM".to_owned());
    }
    let key = PrivateKeyDer::from_pem_slice(key).map_err(|cause| format!("--tls-key: {cause}"))?;
    let config =
        ServerConfig::builder_with_provider(Arc::new(default_provider())).with_safe_default_protocol_versions();
    let config = config.and_then(|config| config.with_no_client_auth().with_single_cert(chain, key));
    let mut config = config.map_err(|cause| format!("--tls-cert and --tls-key: {cause}"))?;
    config.alpn_protocols = vec![PROTOCOL.to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_that_are_none_say_which() {
        for (certificates, key, expected) in [
            (&b""[..], &b""[..], "--tls-cert: the file holds no certificate"),
            (b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", b"", "--tls-key"),
        ] {
            let error = acceptor(certificates, key).err().expect("no certificate, or no key");
            assert!(error.contains(expected), "{error}");
        }
    }
}
