//! Any settings file: read, or every fault told; never a panic.

#![no_main]

use std::path::PathBuf;
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use limpid::config::{Environment, load};

static FILE: LazyLock<PathBuf> =
    LazyLock::new(|| std::env::temp_dir().join(format!("limpid-fuzz-{}.toml", std::process::id())));

fuzz_target!(|text: &str| {
    std::fs::write(&*FILE, text).expect("writable");
    if let Err(faults) = load(Some(&FILE), &[], &Environment::of_process()) {
        assert!(!faults.to_string().is_empty());
    }
    // The same lines as `--set`.
    let flags: Vec<String> = text.lines().take(20).map(str::to_owned).collect();
    let _ = load(Some(&FILE), &flags, &Environment::of_process());
});
