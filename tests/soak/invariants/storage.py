"""S: what outlives pods can be opened."""

from tests.soak.evidence import Evidence


def secrets_open_their_accounts(evidence: Evidence) -> list[str]:
    """S1: each Secret of Slipway's opens its account, whatever has become of rotations."""
    return [f"S1: {text}" for text in evidence.shut_secrets]
