//! Any text: repaired or refused; what was repaired needs no repair.

#![no_main]

use libfuzzer_sys::fuzz_target;
use limpid::transform::Limits;
use limpid::transform::repair::repair;
use limpid::transform::report::Report;

fuzz_target!(|text: &str| {
    let limits = Limits::default();
    let Ok(once) = repair(text, &limits, &mut Report::default()) else {
        return;
    };
    let mut report = Report::default();
    let twice = repair(&once.text, &limits, &mut report).expect("still a feed");
    assert_eq!(twice.text, once.text);
    assert_eq!(twice.kind, once.kind);
    assert!(report.repairs.is_empty(), "{:?}", report.repairs);
});
