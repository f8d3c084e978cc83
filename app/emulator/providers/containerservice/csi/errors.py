"""Why a driver does not do what a cluster asks."""

from enum import StrEnum


class Code(StrEnum):
    """gRPC's words for a refusal, as far as the drivers use them."""

    INVALID_ARGUMENT = "InvalidArgument"
    INTERNAL = "Internal"
    RESOURCE_EXHAUSTED = "ResourceExhausted"


class DriverError(Exception):
    """A refusal as the sidecars repeat it."""

    def __init__(self, code: Code, text: str) -> None:
        """Refuse with `code`."""
        super().__init__(f"rpc error: code = {code} desc = {text}")
