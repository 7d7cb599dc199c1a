//! The program at work in a hostile world, measured from outside: a crowd that idles, a thousand feeds in little
//! memory, large pictures read by many at once, a slow disk, an hour's worth of trouble in minutes.
//!
//! ```sh
//! cargo run --example reliability -- crowd [CONNECTIONS]
//! cargo run --example reliability -- memory [FEEDS]
//! cargo run --example reliability -- pictures [PICTURES] [MIB]
//! cargo run --example reliability -- slow [FEEDS] [MILLISECONDS]
//! cargo run --example reliability -- soak [SECONDS] [FEEDS] [READERS]
//! ```
//!
//! The `limpid` beside this example is started (`cargo build` first, in the same profile), or the one that the variable
//! `LIMPID` names, in a folder of its own, on
//! ports of its own; memory and descriptors are read from `/proc` (Linux). `memory` puts it into a control group that may
//! use 128 MiB and no more, where one can be made (as root); `slow` needs strace. Exit code 1: a promise was broken.

#![allow(
    clippy::expect_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    clippy::cast_precision_loss,
    reason = "a measurement that cannot go on must stop, tells what it found, and dials the program itself"
)]

mod walls;
mod server;
mod origin;
mod reader;
mod crowd;
mod memory;
mod pictures;
mod slow;
mod soak;

use std::process::ExitCode;

#[tokio::main(worker_threads = 2)]
async fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |at: usize, default| {
        arguments
            .get(at)
            .map_or(default, |text| text.parse().expect("a number"))
    };
    let kept = match arguments.first().map(String::as_str) {
        Some("crowd") => crowd::run(number(1, 10_000)).await,
        Some("memory") => memory::run(number(1, 1_000)).await,
        Some("pictures") => pictures::run(number(1, 200), number(2, 5)).await,
        Some("slow") => slow::run(number(1, 40), u64::try_from(number(2, 1_000)).expect("a number")).await,
        Some("soak") => soak::run(number(1, 240), number(2, 1_000), number(3, 2_000)).await,
        _ => panic!("crowd, memory, pictures, slow or soak?"),
    };
    println!("{}", if kept { "kept" } else { "BROKEN" });
    ExitCode::from(u8::from(!kept))
}
