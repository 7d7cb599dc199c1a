//! Arguments → command → exit code.

fn main() -> std::process::ExitCode {
    limpid::cli::run(std::env::args_os())
}
