"""Secrets for jobs in tests."""

from app.azure.types.secret import Secret
from app.core.json import JsonObject


class NoSecrets:
    """A `SecretSource` for jobs that need none."""

    async def sealed(self, cluster_id: str, purpose: str) -> Secret | None:
        """None."""
        del cluster_id, purpose
        return None

    def named(self, reference: JsonObject) -> Secret:
        """Fails: no test of these names one."""
        raise AssertionError(reference)
