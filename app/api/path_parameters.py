"""Path parameters of routes in more than one slice."""

from typing import Annotated

from fastapi import Path

ClusterPath = Annotated[str, Path(description="The cluster's id or name.", max_length=128, examples=["blue"])]
