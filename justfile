# Convenience over cargo: every recipe is one command of the README.

# The recipes
default:
    @just --list

# Run experiments: `just reproduce fig7`, `just reproduce all`
reproduce *experiments:
    cargo run --release --quiet -p tritrack -- reproduce {{experiments}}

# Every experiment in a small way, in about two minutes
quick:
    cargo run --release --quiet -p tritrack -- reproduce all --quick

# What a run would compute, and why: `just plan fig7`
plan *experiments:
    cargo run --release --quiet -p tritrack -- plan {{experiments}}

# Again, compared byte for byte: `just verify all`
verify *experiments:
    cargo run --release --quiet -p tritrack -- verify {{experiments}}

# Everything on one page: report.html
report *arguments:
    cargo run --release --quiet -p tritrack -- report {{arguments}}

# Any other command: `just run quantize mine --images fashion-mnist`
run *arguments:
    cargo run --release --quiet -p tritrack -- {{arguments}}

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
