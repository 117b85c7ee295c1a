//! Prepares what the binary embeds: our pages from static/ and Swagger UI from its locked crate, compressed; the build's time
//! and revision; and what amends the glibc of static builds.

use std::error::Error;
use std::fs;
use std::io::{Cursor, Read, Write};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};

use flate2::{Compression, GzBuilder};

/// The files of the Swagger UI distribution that our page uses.
const SWAGGER_UI: [&str; 2] = ["swagger-ui.css", "swagger-ui-bundle.js"];

fn main() -> Result<(), Box<dyn Error>> {
    for input in [
        "build.rs",
        "static",
        "src",
        "Cargo.toml",
        "Cargo.lock",
        "config.toml",
        ".git/HEAD",
    ] {
        println!("cargo:rerun-if-changed={input}");
    }
    println!("cargo:rerun-if-env-changed=SOURCE_DATE_EPOCH");
    println!("cargo:rustc-env=BAI_BUILD_EPOCH_SECS={}", build_time());
    println!("cargo:rustc-env=BAI_BUILD_REVISION={}", revision());

    if is_static() {
        link_static_glibc();
    }

    let assets = PathBuf::from(std::env::var("OUT_DIR")?).join("assets");
    let _ = fs::remove_dir_all(&assets);
    fs::create_dir_all(assets.join("swagger-ui"))?;
    embed_folder(Path::new("static"), &assets)?;
    embed(&assets.join("console/version.js"), version().as_bytes())?;
    let mut zip =
        zip::ZipArchive::new(Cursor::new(utoipa_swagger_ui_vendored::SWAGGER_UI_VENDORED))?;
    for index in 0..zip.len() {
        let mut file = zip.by_index(index)?;
        let path = file.name()?.into_owned();
        let Some((folder, name)) = path.rsplit_once('/') else {
            continue;
        };
        if SWAGGER_UI.contains(&name) && folder.ends_with("/dist") {
            let mut content = Vec::new();
            file.read_to_end(&mut content)?;
            embed(&assets.join("swagger-ui").join(name), &content)?;
        }
    }
    let found = SWAGGER_UI
        .iter()
        .filter(|name| assets.join("swagger-ui").join(name).exists())
        .count();
    if found < SWAGGER_UI.len() {
        return Err("the Swagger UI archive lacks a file".into());
    }
    Ok(())
}

/// Whether glibc is linked into the binary.
fn is_static() -> bool {
    let of_target = |what: &str| std::env::var(format!("CARGO_CFG_TARGET_{what}"));
    let features = of_target("FEATURE").unwrap_or_default();
    of_target("ENV").is_ok_and(|env| env == "gnu")
        && features.split(',').any(|feature| feature == "crt-static")
}

/// Links what amends a static glibc, as an object: of an archive, the linker takes only what somebody calls.
fn link_static_glibc() {
    let objects = cc::Build::new()
        .file("src/static_glibc.c")
        .compile_intermediates();
    for object in objects {
        println!("cargo:rustc-link-arg-bins={}", object.display());
    }
    // Addresses that are known at the start only: half a megabyte as a list of them, a few kilobytes as bits.
    println!("cargo:rustc-link-arg-bins=-Wl,-z,pack-relative-relocs");
}

/// Embeds the files of a folder, and of those inside it.
fn embed_folder(from: &Path, to: &Path) -> Result<(), Box<dyn Error>> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let path = entry?.path();
        let name = path.file_name().ok_or("a file without a name in static/")?;
        if path.is_dir() {
            embed_folder(&path, &to.join(name))?;
        } else {
            embed(&to.join(name), &fs::read(&path)?)?;
        }
    }
    Ok(())
}

/// The module by which the console knows the version that serves it.
fn version() -> String {
    format!(
        "export const VERSION = {:?};\nexport const REVISION = {:?};\n",
        env!("CARGO_PKG_VERSION"),
        revision()
    )
}

/// Writes the gzip form of a file, with no time in it, so that equal input gives an equal binary.
fn embed(path: &Path, content: &[u8]) -> Result<(), Box<dyn Error>> {
    let mut gz = GzBuilder::new()
        .mtime(0)
        .write(Vec::new(), Compression::best());
    gz.write_all(content)?;
    fs::write(path, gz.finish()?)?;
    Ok(())
}

/// Unix seconds, empty when there is no clock to ask.
fn build_time() -> String {
    #[expect(clippy::disallowed_methods, reason = "a build has no Clock")]
    let now = || {
        SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .ok()
            .map(|since| since.as_secs().to_string())
    };
    std::env::var("SOURCE_DATE_EPOCH")
        .ok()
        .or_else(now)
        .unwrap_or_default()
}

fn revision() -> String {
    let git = Command::new("git")
        .args(["rev-parse", "--short=12", "HEAD"])
        .output();
    let revision = git
        .ok()
        .filter(|out| out.status.success())
        .and_then(|out| String::from_utf8(out.stdout).ok());
    revision.map_or_else(|| "unknown".to_owned(), |text| text.trim().to_owned())
}
