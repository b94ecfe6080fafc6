//! Notifications by mail, to a server of this machine, in the open and over TLS.

use std::fs;
use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::pki_types::PrivateKeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use super::notify::{live, test};

/// How a server speaks TLS.
#[derive(Clone, Copy, PartialEq)]
enum Tls {
    No,
    /// From the first byte on.
    Always,
    /// When it is asked to.
    Started,
}

/// A server of mail, which has these answers to RCPT, the last of them again and again.
struct Mail {
    port: u16,
    got: Arc<Mutex<Vec<String>>>,
    /// The certificates of who signed the server's own.
    authority: PathBuf,
    _folder: tempfile::TempDir,
}

/// What a server does.
#[derive(Clone)]
struct Script {
    answers: &'static [&'static str],
    tls: Tls,
    config: Arc<ServerConfig>,
    got: Arc<Mutex<Vec<String>>>,
}

trait Stream: Read + Write {}
impl<S: Read + Write> Stream for S {}

impl Mail {
    fn start(answers: &'static [&'static str], tls: Tls) -> Mail {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (port, got) = (listener.local_addr().unwrap().port(), Arc::default());
        let (config, signed_by) = certified();
        let script = Script { answers, tls, config: Arc::new(config), got: Arc::clone(&got) };
        std::thread::spawn(move || {
            for (number, stream) in listener.incoming().enumerate() {
                let answer = script.answers[number.min(script.answers.len() - 1)];
                // Whoever hangs up says nothing more.
                let _ = script.talk(stream.unwrap(), answer);
            }
        });
        let folder = tempfile::tempdir().unwrap();
        let authority = folder.path().join("authority.pem");
        fs::write(&authority, signed_by).unwrap();
        Mail { port, got, authority, _folder: folder }
    }

    fn got(&self) -> Vec<String> {
        self.got.lock().unwrap().clone()
    }
}

/// A certificate for `localhost`, and that of who has signed it.
fn certified() -> (ServerConfig, String) {
    let mut signer = CertificateParams::new(Vec::new()).unwrap();
    signer.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let signer_key = KeyPair::generate().unwrap();
    let signed_by = signer.self_signed(&signer_key).unwrap().pem();
    let key = KeyPair::generate().unwrap();
    let own = CertificateParams::new(vec!["localhost".into()]).unwrap();
    let own = own.signed_by(&key, &Issuer::from_params(&signer, &signer_key)).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    (config.with_no_client_auth().with_single_cert(vec![own.der().clone()], key).unwrap(), signed_by)
}

impl Script {
    fn talk(&self, stream: TcpStream, answer: &str) -> io::Result<()> {
        let encrypted = |stream| {
            let connection = ServerConnection::new(Arc::clone(&self.config)).unwrap();
            Box::new(StreamOwned::new(connection, stream)) as Box<dyn Stream>
        };
        let again = stream.try_clone()?;
        let mut is_encrypted = self.tls == Tls::Always;
        let mut stream: Box<dyn Stream> = if is_encrypted { encrypted(stream) } else { Box::new(stream) };
        stream.write_all(b"220 mail.example.com\r\n")?;
        let mut told = String::new();
        while let Some(line) = read_line(&mut stream)? {
            told += &format!("{}{line}\n", if is_encrypted { "" } else { "open: " });
            let says = match line.split([' ', ':']).next().unwrap_or_default() {
                "EHLO" if self.tls == Tls::Started && !is_encrypted => "250-mail.example.com\r\n250 STARTTLS",
                "EHLO" => "250-mail.example.com\r\n250 AUTH PLAIN",
                "STARTTLS" => "220 go ahead",
                "AUTH" => "235 welcome",
                "RCPT" => answer,
                "DATA" => "354 go on",
                "QUIT" => "221 bye",
                _ => "250 ok",
            };
            stream.write_all(format!("{says}\r\n").as_bytes())?;
            if line == "STARTTLS" {
                (stream, is_encrypted) = (encrypted(again.try_clone()?), true);
            }
            if line == "DATA" {
                while let Some(line) = read_line(&mut stream)?.filter(|line| line != ".") {
                    told += &format!("{line}\n");
                }
                stream.write_all(b"250 taken\r\n")?;
                self.got.lock().unwrap().push(told.clone());
            }
        }
        Ok(())
    }
}

/// A line without its end, byte by byte: what comes after it may be encrypted.
fn read_line(stream: &mut impl Read) -> io::Result<Option<String>> {
    let (mut line, mut byte) = (Vec::new(), [0]);
    while stream.read(&mut byte)? == 1 {
        match byte {
            [b'\n'] => return Ok(Some(String::from_utf8_lossy(&line).trim_end().into())),
            [byte] => line.push(byte),
        }
    }
    Ok(None)
}

const EMAIL: &str = "[[notify]]\nemail = [\"Ann <ann@example.com>\", \"ops@example.com\"]\nfrom = \"logwatch@example.com\"\nsmtp = \"env:SMTP\"";

#[test]
fn mail_is_written() {
    let mail = Mail::start(&["451 try again", "250 ok"], Tls::No);
    let ran = live(EMAIL, &[("SMTP", &format!("smtp://user:s3cretToken99@127.0.0.1:{}", mail.port))]);
    assert_eq!((ran.status, ran.err.as_str()), (Some(4), ""));
    let got = mail.got();
    assert_eq!(got.len(), 1, "{got:?}");
    for part in [
        "MAIL FROM:<logwatch@example.com>",
        "RCPT TO:<ann@example.com>",
        "RCPT TO:<ops@example.com>",
        "Message-ID: <",
        "Content-Type: text/plain; charset=utf-8",
        "requests fail\n",
        "GET /api/bots?token=3D*** HTTP",
    ] {
        assert!(got[0].contains(part), "no `{part}` in\n{}", got[0]);
    }
    assert!(got[0].contains("Subject: ROLL BACK stdin (shop): fails"), "{}", got[0]);
}

#[test]
fn mail_that_is_refused_is_told_without_a_password() {
    let mail = Mail::start(&["550 nobody here"], Tls::No);
    let ran = live(EMAIL, &[("SMTP", &format!("smtp://user:s3cretToken99@127.0.0.1:{}", mail.port))]);
    assert!(ran.err.contains("notify 1 (email): not delivered: ") && ran.err.contains("nobody here"), "{}", ran.err);
    assert!(!ran.err.contains("s3cret") && mail.got().is_empty(), "{}", ran.err);
    let working = Mail::start(&["250 ok"], Tls::No);
    let sample = test(EMAIL, &[("SMTP", &format!("smtp://127.0.0.1:{}", working.port))]);
    assert_eq!((sample.status, sample.out.as_str()), (Some(0), "notify 1 (email): delivered\n"), "{}", sample.err);
    // With TLS, which the stand-in does not speak, nothing goes out in the open.
    let sample = test(EMAIL, &[("SMTP", &format!("smtps://user:s3cretToken99@localhost:{}", working.port))]);
    assert!(sample.status == Some(1) && !sample.out.contains("s3cret"), "{}", sample.out);
    assert_eq!(working.got().len(), 1);
}

/// To servers that are known by who has signed their certificate, from the first byte on or when they are asked to.
#[test]
fn mail_goes_over_tls() {
    for (tls, scheme, query) in [(Tls::Always, "smtps", ""), (Tls::Started, "smtp", "?tls=required")] {
        let mail = Mail::start(&["250 ok"], tls);
        let url = format!("{scheme}://user:s3cretToken99@localhost:{}{query}", mail.port);
        let unknown = test(EMAIL, &[("SMTP", &url)]);
        assert_eq!((unknown.status, mail.got().len()), (Some(1), 0), "{}", unknown.out);
        assert!(unknown.out.contains("certificate") && !unknown.out.contains("s3cret"), "{}", unknown.out);

        let ran = live(EMAIL, &[("SMTP", &url), ("SSL_CERT_FILE", mail.authority.to_str().unwrap())]);
        assert_eq!((ran.status, ran.err.as_str()), (Some(4), ""));
        let got = mail.got();
        assert!(got.len() == 1 && got[0].contains("Subject: ROLL BACK stdin (shop): fails"), "{got:?}");
        let open: Vec<&str> = got[0].lines().filter_map(|line| line.strip_prefix("open: ")).collect();
        let (before, login) = got[0].split_once("AUTH ").unwrap();
        assert!(open.iter().all(|line| line.starts_with("EHLO") || *line == "STARTTLS"), "{open:?}");
        assert!(!before.is_empty() && login.contains("MAIL FROM:<logwatch@example.com>"));
    }
}

/// A server that does not offer it, or somebody between who leaves the offer out.
#[test]
fn without_the_tls_that_is_asked_for_no_mail_is_sent() {
    let mail = Mail::start(&["250 ok"], Tls::No);
    let url = format!("smtp://user:s3cretToken99@localhost:{}?tls=required", mail.port);
    let ran = test(EMAIL, &[("SMTP", &url), ("SSL_CERT_FILE", mail.authority.to_str().unwrap())]);
    assert_eq!((ran.status, mail.got().len()), (Some(1), 0), "{}", ran.out);
    assert!(!ran.out.contains("s3cret"), "{}", ran.out);
}
