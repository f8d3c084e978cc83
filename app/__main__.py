"""`python -m app` is `slipway`."""

from app.cli import main

main(prog_name="slipway")
