"""Resource groups and providers: rows, and the jobs that bring Azure in line with them. No network."""

from app.subscriptions.service.choose import GroupDeletingError, choose_group

__all__ = ["GroupDeletingError", "choose_group"]
