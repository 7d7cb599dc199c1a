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

# One fuzz target for so many seconds (needs cargo-fuzz), with the fixtures as seeds: many small inputs find more than a few large ones
fuzz TARGET SECONDS="300" MAX="4096":
    mkdir -p fuzz/corpus/{{TARGET}}
    RUSTC_BOOTSTRAP=1 cargo fuzz run --sanitizer none {{TARGET}} fuzz/corpus/{{TARGET}} tests/fixtures -- -max_total_time={{SECONDS}} -max_len={{MAX}}

# The built-in demo
run:
    cargo run --release -- serve

# Licences, bans, sources
deny:
    cargo deny --all-features check bans licenses sources

# What is shipped: the program with the list of what is in it inside (cargo-auditable), and the list beside it as
# CycloneDX (cargo-cyclonedx): target/dist/limpid, target/dist/limpid.cdx.json
release:
    cargo auditable build --profile dist --locked
    cargo cyclonedx --format json --target x86_64-unknown-linux-gnu --override-filename limpid.cdx
    mv limpid.cdx.json target/dist/

# Whether the same source makes the same program, in folders of different names
reproducible PROFILE="dist":
    deploy/reproducible {{PROFILE}}
