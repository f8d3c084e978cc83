"""Where jobs get secrets from, at the moment at which they send them to Azure."""

from dataclasses import dataclass

from app.azure.types.secret import Secret
from app.core.errors import ConflictError
from app.core.json import JsonObject
from app.core.sealing import unseal
from app.core.settings import SecretSettings
from app.db.engine import Database
from app.models import SealedSecret


class UnknownSecretError(ConflictError):
    """The settings of this worker have no secret of the name."""

    code = "unknown_secret_setting"
    title = "The settings have no secret of this name"
    remedy = "Have the operator set it under SLIPWAY_SECRETS__NAMED for API and worker, then retry the job."


@dataclass(frozen=True, slots=True)
class StoredSecrets:
    """The jobs' port `SecretSource`."""

    database: Database
    settings: SecretSettings

    async def sealed(self, cluster_id: str, purpose: str) -> Secret | None:
        """A secret that lies sealed, or None when it was erased, or never there. Raises SealBrokenError."""
        async with self.database.read() as session:
            row = await session.get(SealedSecret, (cluster_id, purpose))
            sealed = None if row is None else row.sealed
        return None if sealed is None else Secret(unseal(sealed, self.settings.keys))

    def named(self, reference: JsonObject) -> Secret:
        """The secret that a reference of a request names. Raises UnknownSecretError."""
        found = self.settings.named.get(reference["setting"])
        if found is None:
            raise UnknownSecretError(f"There is no SLIPWAY_SECRETS__NAMED entry {reference['setting']}.")
        return Secret(found.get_secret_value())
