"""What a node says when it cannot mount, as data: the kubelet's events about a pod. The first row that fits wins.

https://learn.microsoft.com/troubleshoot/azure/azure-kubernetes/storage/fail-to-mount-azure-file-share
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from app.kubernetes.types.service import EventSeen

_REASONS = frozenset({"FailedMount", "FailedAttachVolume", "FailedMapVolume"})


@dataclass(frozen=True, slots=True)
class MountError:
    """What it means. `checks`: the looks that find the cause, in the order in which they are to be believed."""

    code: str
    pattern: re.Pattern[str]
    detail: str
    checks: tuple[str, ...]


def _row(code: str, pattern: str, detail: str, *checks: str) -> MountError:
    return MountError(code, re.compile(pattern, re.IGNORECASE), detail, checks)


# fmt: off
ROWS: tuple[MountError, ...] = (
    _row("secret_missing", r"secrets? \"?[^\" ]+\"? not found|NodeStageSecretRef .* failed|failed to get secret",
         "The Secret that opens the account is not there.", "secret"),
    _row("key_missing", r"could not find (accountkey|accountname)|accountKey is empty|failed to get account name",
         "The Secret lacks the account's name or key.", "secret", "key"),
    _row("dns_failed", r"could not resolve address|failed to resolve server|name or service not known|no such host|"
         r"temporary failure in name resolution|unable to find suitable address",
         "The node does not find the account's name.", "dns", "share"),
    _row("permission_denied", r"mount error\(13\)|permission denied|access denied by server|"
         r"network password is not correct|NT_STATUS_ACCESS_DENIED|NT_STATUS_LOGON_FAILURE",
         "The account refuses the node: its key, or its firewall.", "key", "nfs", "network"),
    _row("port_blocked", r"mount error\((110|112|113|115)\)|operation now in progress|connection timed out|"
         r"host is down|no route to host|network path was not found",
         "The node does not reach the account.", "ports", "dns", "network"),
    _row("key_not_available", r"mount error\(126\)|required key not available",
         "The node cannot prove itself with Kerberos.", "fips", "key"),
    _row("no_such_share", r"mount error\(2\)|no such file or directory|network name cannot be found|"
         r"reason given by server",
         "The account has no such share or folder for this node.", "share", "fips", "nfs"),
    _row("options_refused", r"mount error\(22\)|invalid argument|bad option|unknown mount option",
         "The node does not know one of the mount options.", "options"),
    _row("no_space", r"no space left|disk quota exceeded|mount error\(122\)", "The share is full.", "capacity"),
    _row("driver_missing", r"not found in the list of registered CSI drivers",
         "The node has no driver for Azure Files.", "driver"),
    _row("mount_pending", r"operation with the given volume id .* already exists|aborted",
         "An earlier try has not ended; two volumes with one handle look like this too.", "handle"),
    _row("unmounted", r"unable to attach or mount volumes|timed out waiting for the condition",
         "The pod waits for its volumes.", "pods"),
)
# fmt: on


def explain_mount(message: str) -> MountError | None:
    """What a message of the kubelet's means."""
    return next((row for row in ROWS if row.pattern.search(message)), None)


def last_failure(events: Iterable[EventSeen]) -> EventSeen | None:
    """The newest of a pod's events that says that a volume cannot be mounted, and why; None without one."""
    failed = [event for event in events if event.type == "Warning" and event.reason in _REASONS]
    telling = [event for event in failed if (found := explain_mount(event.message)) and found.code != "unmounted"]
    return max(telling or failed, key=lambda event: event.last_seen or datetime.min.replace(tzinfo=UTC), default=None)
