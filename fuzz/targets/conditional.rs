//! Any `If-None-Match`: a list with our validator in it matches, whatever stands beside it.

#![no_main]

use libfuzzer_sys::fuzz_target;
use limpid::serve::respond::conditional::matches;

const OURS: &str = "\"0123456789abcdef\"";

fuzz_target!(|list: &str| {
    let _ = matches(list, OURS);
    for (before, after) in [("", ", "), (", ", "")] {
        let with_ours = format!("{list}{before}W/{OURS}{after}");
        if before.is_empty() && !list.is_empty() || list.contains('"') || with_ours.len() > 4096 {
            continue;
        }
        assert!(matches(&with_ours, OURS), "{with_ours}");
    }
    if !list.contains("0123456789abcdef") && list.trim() != "*" {
        assert!(!matches(list, OURS), "{list}");
    }
});
