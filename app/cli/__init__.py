"""The command line. A command's module is imported when the command is called: `slipway --help` stays fast."""

import gc
import importlib
from types import ModuleType

import click

from app.cli.parent import end_with_input

_COMMANDS = {
    "azure": "Run the local Azure.",
    "config": "Print the effective settings, without secrets.",
    "demo": "Show a first cluster, from the request to kubectl.",
    "dev": "Run API, worker and local Azure on this machine.",
    "keys": "Make and revoke API keys.",
    "migrate": "Bring the database to this version's schema.",
    "openapi": "Print the OpenAPI document.",
    "projects": "Make and list projects.",
    "serve": "Serve the HTTP API.",
    "worker": "Run jobs.",
}


def _imported(module: str) -> ModuleType:
    """Import without garbage collection, and keep what was imported out of every later one.

    It lives as long as the process: to look through it takes a third of the import, and half a second of an event loop.
    """
    gc.disable()
    try:
        return importlib.import_module(module)
    finally:
        gc.freeze()
        gc.enable()


class _LazyGroup(click.Group):
    """Finds a command in the module of its name."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return sorted(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        if cmd_name not in _COMMANDS:
            return None
        command: click.Command = _imported(f"app.cli.{cmd_name}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's
        """Write the list from the table above, so that help imports nothing."""
        with formatter.section("Commands"):
            formatter.write_dl(sorted(_COMMANDS.items()))


@click.group(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="slipway")
@click.option("--end-with-input", "ends_with_input", is_flag=True, hidden=True, help="End when the parent does.")
def main(ends_with_input: bool) -> None:
    """Provisions and runs AKS clusters. Settings come from the environment: see `slipway config`."""
    if ends_with_input:
        end_with_input()
