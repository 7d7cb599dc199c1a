//! Links the program with its relative relocations packed (`DT_RELR`): 30,000 of them are 0.8 MB that every start reads
//! and every process holds, and packed they are 20 KB.

#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "cargo is told by lines on stdout, and tells by its environment"
)]

use std::env;
use std::process::Command;

/// The first glibc that reads them.
const GLIBC: (u32, u32) = (2, 36);

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let told = |name: &str| env::var(name).unwrap_or_default();
    // Built for the machine it is built on, or none like it: elsewhere an older glibc may have to load it.
    let here = told("HOST") == told("TARGET") && told("CARGO_CFG_TARGET_ENV") == "gnu";
    if here && told("CARGO_CFG_TARGET_OS") == "linux" && glibc().is_some_and(|version| version >= GLIBC) {
        println!("cargo:rustc-link-arg-bins=-Wl,-z,pack-relative-relocs");
    }
}

/// The version of this machine's glibc.
fn glibc() -> Option<(u32, u32)> {
    let said = Command::new("getconf").arg("GNU_LIBC_VERSION").output().ok()?;
    let said = String::from_utf8(said.stdout).ok()?;
    let (major, minor) = said.trim().strip_prefix("glibc ")?.split_once('.')?;
    Some((major.parse().ok()?, minor.split('.').next()?.parse().ok()?))
}
