"""The kinds of jobs about workspaces; those about a cluster's monitoring are the clusters' own."""

from datetime import timedelta

from app.engine.kinds import JobKind

DELETE_WORKSPACE = JobKind(
    "workspace.delete",
    doing="Deleting the workspace {target}",
    done="The workspace {target} is deleted; it can be brought back for 14 days",
    deadline=timedelta(minutes=15),
    expected="workspace_delete",
    target_type="workspace",
)
