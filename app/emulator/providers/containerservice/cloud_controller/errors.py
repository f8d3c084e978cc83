"""Why a Service cannot have what it asks."""


class SyncError(Exception):
    """A refusal by the cloud controller itself; the text is what its event says."""
