"""The client of Log Analytics' query service, over a pipeline like that of Resource Manager's clients."""

from azure.monitor.query.aio import LogsQueryClient

from app.azure.data_planes import DataPlanes


def open_logs_client(url: str, audience: str, planes: DataPlanes) -> LogsQueryClient:
    """Make the client. Its tokens are for queries alone, and go to the query service's own host alone."""
    endpoint = url.rstrip("/")
    pipeline = planes.pipeline(endpoint, audience)
    return LogsQueryClient(planes.credential, endpoint=endpoint, audience=audience, pipeline=pipeline)
