"""Read the settings, or say in a sentence what is wrong with them."""

import click
from pydantic import ValidationError

from app.core.logging import configure_logging
from app.core.settings import Settings


def load(process: str) -> Settings:
    """Return the settings and set the log up. A wrong setting is told by its variable's name, without its value."""
    try:
        settings = Settings()
    except ValidationError as error:
        lines = [
            f"SLIPWAY_{'__'.join(str(part).upper() for part in found['loc'])}: {found['msg']}"
            for found in error.errors(include_input=False, include_url=False)
        ]
        raise click.ClickException("These settings are wrong:\n  " + "\n  ".join(lines)) from None
    configure_logging(settings.log, process=process)
    return settings
