//! Certificates and keys from PEM files. An error names the option, the file and what to do; nothing of a file's content is in it.

use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tracing::warn;
use zeroize::Zeroizing;

/// The largest file that is read: some hundred certificates.
const MAX_BYTES: u64 = 1 << 20;

/// Every certificate of a file, at least one.
pub(super) fn certificates(
    option: &str,
    file: &Path,
) -> Result<Vec<CertificateDer<'static>>, String> {
    let text = read(option, file)?;
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&text).collect();
    match found {
        Ok(found) if !found.is_empty() => Ok(found),
        Ok(_) => Err(unusable(option, file, "has no certificate")),
        Err(_) => Err(unusable(
            option,
            file,
            "has a certificate that is not whole",
        )),
    }
}

fn unusable(option: &str, file: &Path, why: &str) -> String {
    let file = file.display();
    format!("{option} {file} {why}; give a file with certificates in PEM")
}

/// The private key of a file. Warns when others than its owner may read it.
pub(super) fn private_key(option: &str, file: &Path) -> Result<PrivateKeyDer<'static>, String> {
    let text = read(option, file)?;
    if let Ok(metadata) = file.metadata()
        && metadata.permissions().mode() & 0o077 != 0
    {
        let file = file.display();
        warn!(%file, "others may use the private key of {option}; let its owner alone read it: chmod 600");
    }
    // The error is not shown: it may repeat a line of the file.
    PrivateKeyDer::from_pem_slice(&text).map_err(|_| {
        let file = file.display();
        format!("{option} {file} has no whole private key; give one in PEM (PKCS#8, PKCS#1 or SEC1), without a passphrase")
    })
}

fn read(option: &str, file: &Path) -> Result<Zeroizing<Vec<u8>>, String> {
    let mut text = Zeroizing::new(Vec::new());
    // Opening a pipe would wait for whoever writes into it.
    let is_file = fs::metadata(file).map(|found| found.is_file());
    let read = is_file.and_then(|is_file| {
        if !is_file {
            return Err(io::Error::other("it is no file"));
        }
        let opened = File::open(file)?;
        let length = opened.take(MAX_BYTES + 1).read_to_end(&mut text)?;
        if length as u64 > MAX_BYTES {
            return Err(io::Error::other("it is larger than 1 MiB"));
        }
        Ok(())
    });
    match read {
        Ok(()) => Ok(text),
        Err(error) => Err(format!(
            "{option} {} cannot be read: {error}; give a PEM file that the server's user may read",
            file.display()
        )),
    }
}
