//! Certificates for WebSocket over TLS, as browsers want it.

use libp2p::websocket::tls;
use rustls_pki_types::PrivateKeyDer;
use status_layer::Secret;

use crate::StartError;

/// What stands behind `wss` addresses. The default dials whoever has a certificate of the usual authorities, and cannot
/// listen.
#[derive(Clone, Debug, Default)]
pub struct Web {
    /// Shown to those who dial a `wss` address of this node. Default none.
    pub certificate: Option<Certificate>,
    /// Certificates of authorities that are believed besides the usual ones, in DER. Default none.
    pub trusted: Vec<Vec<u8>>,
}

/// A certificate and its secret key. The key is wiped when dropped, and never printed.
#[derive(Clone, Debug)]
pub struct Certificate {
    chain: Vec<Vec<u8>>,
    key: Secret,
}

/// Why bytes are no key of a certificate.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum CertificateError {
    /// The key is in another form.
    #[error("the key of a certificate is taken in DER, as PKCS#8, PKCS#1 or SEC1")]
    NotAKey,
}

impl Certificate {
    /// A certificate with those that lead to its authority, its own first, and the secret key, all in DER.
    ///
    /// # Errors
    /// [`CertificateError::NotAKey`] if the key is in another form. Whether it fits the certificate shows when the node
    /// starts.
    pub fn new(chain: Vec<Vec<u8>>, key: Secret) -> Result<Self, CertificateError> {
        PrivateKeyDer::try_from(key.expose()).map_err(|_| CertificateError::NotAKey)?;
        Ok(Self { chain, key })
    }
}

impl Web {
    pub(super) fn settings(&self) -> Result<tls::Config, StartError> {
        let mut settings = tls::Config::builder();
        for trusted in &self.trusted {
            let trusted = tls::Certificate::new(trusted.clone());
            settings.add_trust(&trusted).map_err(|_| StartError::Certificate)?;
        }
        if let Some(Certificate { chain, key }) = &self.certificate {
            let key = tls::PrivateKey::new(key.expose().to_vec());
            let chain = chain.iter().cloned().map(tls::Certificate::new);
            settings.server(key, chain).map_err(|_| StartError::Certificate)?;
        }
        Ok(settings.finish())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_key_is_refused_and_a_key_is_not_printed() {
        for bytes in [&b""[..], b"not a key", &[0x30; 64]] {
            let made = Certificate::new(Vec::new(), Secret::new(bytes));
            assert_eq!(made.map(|_| ()), Err(CertificateError::NotAKey));
        }
    }

    #[test]
    fn what_is_no_certificate_is_refused() {
        let web = Web { certificate: None, trusted: vec![b"no certificate".to_vec()] };

        assert!(matches!(web.settings(), Err(StartError::Certificate)));
    }
}
