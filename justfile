# Short names for what the scripts do; `scripts/test` is the one test command.

default: test

test *FILTER:
    scripts/test {{FILTER}}

dependencies:
    scripts/dependencies

format:
    cargo fmt --all

# Write the golden files of events anew; look at the difference before you commit it.
golden:
    UPDATE_GOLDEN=1 cargo nextest run --features crash-points --test it -E 'test(/^events::/)'

bench *FILTER:
    cargo bench {{FILTER}}
