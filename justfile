# The same steps as .ci/run, one by one.

# Formatting, lints, docs
check:
    cargo fmt --all --check
    cargo clippy --all-targets --locked -- -D warnings
    RUSTDOCFLAGS="-D warnings" cargo doc --no-deps --locked

# All tests (installs what they need)
test:
    ./tests/run

# Rewrite the golden outputs, to be read in the diff
bless:
    BLESS=1 cargo test --test it cleaning

# The built-in demo
run:
    cargo run --release -- serve

# Licences, bans, sources
deny:
    cargo deny check bans licenses sources
