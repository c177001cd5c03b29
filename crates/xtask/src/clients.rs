//! The xAPI clients of others that the tests drive: two from npm, one from `PyPI`, pinned, cached between runs.

use std::fs;
use std::path::{Path, PathBuf};

use crate::command::{Failure, program, root};

const DEBIAN_PACKAGES: [&str; 4] = ["nodejs", "npm", "python3", "python3-venv"];

/// Makes sure that the clients are installed; returns their directory, with `node_modules` and `venv` in it.
pub fn provide() -> Result<PathBuf, Failure> {
    let pins = root().join("tests/clients");
    let cache = cache_directory().join("clients");
    let wanted = ["package.json", "package-lock.json", "requirements.txt"].map(|file| pins.join(file));
    if is_current(&wanted, &cache) {
        return Ok(cache);
    }
    provide_runtimes()?;
    fs::create_dir_all(&cache)?;
    for file in &wanted {
        fs::copy(file, cache.join(file.file_name().expect("named above")))?;
    }
    program("npm", &["ci", "--no-audit", "--no-fund", "--ignore-scripts"]).directory(&cache).run()?;
    program("python3", &["-m", "venv", "venv"]).directory(&cache).run()?;
    let pip = cache.join("venv/bin/pip");
    program(&pip.to_string_lossy(), &["install", "--quiet", "--requirement", "requirements.txt"])
        .directory(&cache)
        .run()?;
    fs::write(cache.join("complete"), "")?;
    Ok(cache)
}

/// Where downloads are kept between runs: `PLAUDIT_CACHE`, else the user's cache directory.
pub fn cache_directory() -> PathBuf {
    let variable = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    variable("PLAUDIT_CACHE")
        .or_else(|| variable("XDG_CACHE_HOME").map(|dir| dir.join("plaudit")))
        .or_else(|| variable("HOME").map(|dir| dir.join(".cache/plaudit")))
        .unwrap_or_else(|| root().join("target/cache"))
}

fn is_current(wanted: &[PathBuf], cache: &Path) -> bool {
    let same = |file: &PathBuf| {
        let name = file.file_name().expect("named above");
        fs::read(file).ok().is_some_and(|pinned| fs::read(cache.join(name)).ok() == Some(pinned))
    };
    cache.join("complete").exists() && wanted.iter().all(same)
}

/// Node and Python, installed with apt where they are missing and that can be done.
fn provide_runtimes() -> Result<(), Failure> {
    let there = || {
        program("npm", &["--version"]).works()
            && program("node", &["--version"]).works()
            && program("python3", &["-c", "import venv, ensurepip"]).works()
    };
    if there() {
        return Ok(());
    }
    let mut install = vec!["install", "--yes", "--no-install-recommends"];
    install.extend(DEBIAN_PACKAGES);
    let installed = program("apt-get", &["update"]).run().and_then(|()| program("apt-get", &install).run());
    match installed {
        Ok(()) if there() => Ok(()),
        _ => Err(Failure(format!(
            "the client tests need Node 18 or later with npm, and Python 3 with venv; on Debian: apt-get install {}",
            DEBIAN_PACKAGES.join(" ")
        ))),
    }
}
