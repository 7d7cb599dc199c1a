# The same steps as .ci/run, one by one.

# Formatting, lints, docs
check:
    cargo fmt --all --check
    cargo clippy --all-targets --locked -- -D warnings
    RUSTDOCFLAGS="-D warnings" cargo doc --no-deps --locked

# All tests (installs what they need)
test:
    ./tests/run

# The feature that sends traces
traces:
    cargo test --locked --features otel --test otel

# Instructions of each stage beside their baseline
instructions:
    benches/instructions/run

# Rewrite the golden outputs, to be read in the diff
bless:
    BLESS=1 cargo test --test it cleaning

# Fuzz targets, each for so many seconds: `just fuzz 300 transform repair`; without names all of them
fuzz SECONDS="300" *TARGETS:
    fuzz/run {{SECONDS}} {{TARGETS}}

# The built-in demo
run:
    cargo run --release -- serve

# The pictures in docs/, taken by a real browser (with a font for Chinese: apt-get install fonts-noto-cjk)
screenshots:
    cargo build --release
    npm ci --prefix tests/browser --no-audit --no-fund --silent
    node tests/browser/screenshots.mjs target/release/limpid docs

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
