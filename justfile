# Convenience over cargo: every recipe is one command of the README.

# The recipes
default:
    @just --list

# Run experiments: `just reproduce fig7`, `just reproduce all`
reproduce *experiments:
    cargo run --release --quiet -p tritrack -- reproduce {{experiments}}

# The experiments with their titles
list:
    cargo run --release --quiet -p tritrack -- list

# Every test
test:
    cargo test --workspace

# Formatting, lints, licences and advisories
lint:
    cargo fmt --all --check
    cargo clippy --workspace --all-targets -- -D warnings
    cargo deny check
