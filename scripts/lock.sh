#!/bin/sh
# Writes requirements/*.txt anew from pyproject.toml: pinned, hashed, for Python 3.11 to 3.14 on Linux and macOS.
# A version that still fits stays; `make lock UPGRADE=1` takes the newest. No file names an index (docs/decisions/0005).
set -eu
cd "$(dirname "$0")/.."

lock() {
    output=requirements/$1.txt
    shift
    .venv/bin/uv pip compile "$@" ${UPGRADE:+--upgrade} --output-file "$output" --quiet \
        --universal --python-version 3.11 --only-binary :all: --generate-hashes \
        --no-header --no-annotate --no-emit-index-url --no-emit-find-links
}

lock runtime pyproject.toml --extra postgresql
lock dev pyproject.toml --extra postgresql --group dev --constraint requirements/runtime.txt
# az is no dependency: `make acceptance` alone installs it, into an environment of its own. antlr4 has no wheel.
lock azure-cli requirements/azure-cli.in --no-binary antlr4-python3-runtime
lock build --group pyproject.toml:build --constraint requirements/dev.txt
