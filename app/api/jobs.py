"""The answer 202: where the job is that was started."""

from fastapi import Response

RETRY_AFTER_SECONDS = 2


def point_to_job(response: Response, job_id: str, *, retry_after_seconds: int = RETRY_AFTER_SECONDS) -> None:
    """Set `Location`, `Operation-Location` and `Retry-After` of an answer that began a job."""
    where = f"/v1/jobs/{job_id}"
    response.headers["Location"] = where
    response.headers["Operation-Location"] = where
    response.headers["Retry-After"] = str(retry_after_seconds)
