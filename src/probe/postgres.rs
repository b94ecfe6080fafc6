//! A probe that asks PostgreSQL how its connections are used.

use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, SignatureScheme};
use tokio_postgres::{Config, NoTls, SimpleQueryMessage, config::SslMode};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::Found;
use crate::source::railway::tls;

/// What is read, by name: of all clients but probes. A transaction that is prepared and waits for its end holds locks, too, and no
/// connection, so it is none of these.
const QUERY: &str = "\
select count(*) as connections,
       current_setting('max_connections') as max_connections,
       count(*) filter (where state like 'idle in transaction%') as idle_in_transaction,
       coalesce(extract(epoch from max(clock_timestamp() - xact_start)), 0) as longest_transaction
from pg_stat_activity
where backend_type = 'client backend' and application_name <> 'logwatch'";

/// The names of what is read.
pub const NUMBERS: [&str; 4] = ["connections", "max_connections", "idle_in_transaction", "longest_transaction"];

/// A database, and how it is reached.
pub struct Database {
    config: Config,
    tls: MakeRustlsConnect,
}

/// Whether an address asks for a server whose certificate is good, as `sslmode=verify-ca` and `verify-full` do.
pub fn verifies(url: &str) -> bool {
    of_mode(url).is_some_and(|(rest, _)| rest.parse::<Config>().is_ok())
}

/// An address that asks for a verified server, written for a client that knows no such mode.
fn of_mode(url: &str) -> Option<(String, &'static str)> {
    ["verify-full", "verify-ca"].into_iter().find_map(|mode| {
        let written = format!("sslmode={mode}");
        url.contains(&written).then(|| (url.replace(&written, "sslmode=require"), mode))
    })
}

impl Database {
    /// # Errors
    ///
    /// Says what cannot be set up; never what the address is.
    pub fn new(url: &str) -> Result<Database, String> {
        let verified = of_mode(url);
        let text = verified.as_ref().map_or(url, |(rest, _)| rest);
        let mut config: Config = text.parse().map_err(|_| "its variable holds no address of PostgreSQL".to_string())?;
        let failed = |error: rustls::Error| format!("TLS cannot be set up: {error}");
        let mut tls = tls().map_err(failed)?;
        if verified.is_none() {
            // As every client of PostgreSQL does with `require` and less: many databases have a certificate that nobody has signed.
            tls = unverified().map_err(failed)?;
        }
        config.application_name("logwatch");
        Ok(Database { config, tls: MakeRustlsConnect::new(tls) })
    }

    /// Asks once; who calls it keeps the time.
    pub async fn look(&self) -> Found {
        let unreachable = |error: tokio_postgres::Error| Found::failed("unreachable", describe(&error));
        let found = if self.config.get_ssl_mode() == SslMode::Disable {
            match self.config.connect(NoTls).await {
                Ok((client, connection)) => ask(&client, connection).await,
                Err(error) => return unreachable(error),
            }
        } else {
            match self.config.connect(self.tls.clone()).await {
                Ok((client, connection)) => ask(&client, connection).await,
                Err(error) => return unreachable(error),
            }
        };
        found.unwrap_or_else(|error| Found::failed("answer", describe(&error)))
    }
}

/// Asks while the connection is served, which is closed with the end of the answer.
async fn ask(
    client: &tokio_postgres::Client,
    connection: impl Future<Output = Result<(), tokio_postgres::Error>>,
) -> Result<Found, tokio_postgres::Error> {
    let messages = tokio::select! {
        messages = client.simple_query(QUERY) => messages?,
        ended = connection => {
            ended?;
            return Ok(Found::failed("unreachable", "the connection was closed"));
        }
    };
    let mut found = Found::default();
    for message in messages {
        let SimpleQueryMessage::Row(row) = message else { continue };
        for (at, column) in row.columns().iter().enumerate() {
            let number = row.get(at).and_then(|text| text.parse::<f64>().ok());
            found.numbers.extend(number.map(|number| (column.name().to_string(), number)));
        }
    }
    Ok(found)
}

/// What went wrong, with its cause; neither names a password.
fn describe(error: &tokio_postgres::Error) -> String {
    match error.as_db_error() {
        Some(error) => error.message().into(),
        None => match std::error::Error::source(error) {
            Some(cause) => format!("{error}: {cause}"),
            None => error.to_string(),
        },
    }
}

/// TLS with whatever server answers.
fn unverified() -> Result<ClientConfig, rustls::Error> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let versions = ClientConfig::builder_with_provider(Arc::clone(&provider)).with_safe_default_protocol_versions()?;
    let verifier = Arc::new(Anybody(provider));
    Ok(versions.dangerous().with_custom_certificate_verifier(verifier).with_no_client_auth())
}

/// Takes any certificate, if only the server has its key.
#[derive(Debug)]
struct Anybody(Arc<CryptoProvider>);

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls12_signature(message, cert, signed, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls13_signature(message, cert, signed, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
