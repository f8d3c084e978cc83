"""What Azure's words for a `provisioningState` say.

Azure adds new ones as it likes ("UpgradingNodeImageVersion"): a word that is not known means that something goes on,
and is never taken for a failure (trouble 10).
"""

_FAILED = frozenset({"failed", "canceled"})


def has_succeeded(word: str) -> bool:
    """Whether the last operation ended well, and nothing goes on."""
    return word.lower() == "succeeded"


def has_failed(word: str) -> bool:
    """Whether the last operation ended without success, and nothing goes on."""
    return word.lower() in _FAILED


def is_settled(word: str) -> bool:
    """Whether nothing goes on."""
    return has_succeeded(word) or has_failed(word)


def is_deletion(word: str) -> bool:
    """Whether Azure is at the deletion."""
    return word.lower() == "deleting"


class Provisioned:
    """A resource that keeps how its last operation ended, or what goes on: what Azure's word says of it."""

    __slots__ = ()
    provisioning_state: str

    @property
    def succeeded(self) -> bool:
        """Whether the last operation ended well, and nothing goes on."""
        return has_succeeded(self.provisioning_state)

    @property
    def failed(self) -> bool:
        """Whether the last operation ended without success, and nothing goes on."""
        return has_failed(self.provisioning_state)

    @property
    def settled(self) -> bool:
        """Whether nothing goes on."""
        return is_settled(self.provisioning_state)

    @property
    def deleting(self) -> bool:
        """Whether Azure is at its deletion."""
        return is_deletion(self.provisioning_state)
