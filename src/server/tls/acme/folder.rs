//! Files that ACME gave, kept from start to start: orders are few, and each account is meant to stay.

use std::fs::{self, DirBuilder};
use std::io::Write;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use crate::config;

/// A folder for one ACME server. Nobody but its owner can look into it.
pub struct Folder(PathBuf);

impl Folder {
    /// The folder of the server that `settings` name, which is made if need be.
    pub fn make(settings: &config::Tls, database: &Path) -> Result<Self, String> {
        let mut beside = database.as_os_str().to_owned();
        beside.push(".acme");
        let chosen = Some(&settings.acme_dir).filter(|chosen| !chosen.as_os_str().is_empty());
        let path = chosen
            .map_or(Path::new(&beside), |chosen| chosen)
            .join(name(&settings.acme_directory.to_string()));
        let made = DirBuilder::new().recursive(true).mode(0o700).create(&path);
        made.map_err(|e| format!("cannot make {} (server.tls.acme_dir): {e}", path.display()))?;
        Ok(Self(path))
    }

    pub fn read(&self, name: &str) -> Option<Vec<u8>> {
        fs::read(self.0.join(name)).ok()
    }

    /// The old content stays until the new is whole.
    pub fn write(&self, name: &str, content: &str) -> std::io::Result<()> {
        let mut file = NamedTempFile::new_in(&self.0)?;
        file.write_all(content.as_bytes())?;
        file.as_file().sync_all()?;
        file.persist(self.0.join(name))?;
        Ok(())
    }

    pub fn remove(&self, name: &str) {
        let _ = fs::remove_file(self.0.join(name));
    }
}

/// A URL as the name of a folder, such as `acme-v02.api.letsencrypt.org_directory`.
fn name(url: &str) -> String {
    let plain = |c: char| {
        if c.is_ascii_alphanumeric() || "-.".contains(c) {
            c
        } else {
            '_'
        }
    };
    url.trim_start_matches("https://")
        .chars()
        .map(plain)
        .collect()
}
