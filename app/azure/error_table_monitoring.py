"""What Microsoft.OperationalInsights, Microsoft.Insights and the query service say.

https://learn.microsoft.com/azure/azure-monitor/logs/api/errors
"""

from app.azure.error_row import Action, Row, row
from app.core.errors import ErrorClass

_TRANSIENT = ErrorClass.TRANSIENT
_QUOTA = ErrorClass.QUOTA
_CONFIGURATION = ErrorClass.CONFIGURATION
_PERMISSION = ErrorClass.PERMISSION
_CONFLICT = ErrorClass.CONFLICT
_GONE = ErrorClass.GONE
_WORKSPACES = "Microsoft.OperationalInsights"

# fmt: off
MONITORING_ROWS: tuple[Row, ...] = (
    row("azure_workspace_name_kept", _CONFLICT, Action.FAIL,
        "A workspace of this name was deleted here less than 14 days ago; Azure keeps its name for it.",
        "Bring that workspace back, in its old location, or choose another name.",
        codes="Conflict", message="was deleted .*recover|deleted .*permanent", provider=_WORKSPACES),
    row("azure_workspace_busy", _CONFLICT, Action.RETRY_SLOWLY,
        "The workspace is being changed by another operation.", minutes=10,
        codes="Conflict", message="workspace is being|another operation", provider=_WORKSPACES),
    row("azure_workspace_invalid", _CONFIGURATION, Action.FAIL,
        "Azure does not take the workspace's name, retention or daily cap.",
        "Take 4 to 63 letters, digits and hyphens for the name, 30 to 730 days, and a cap of 0.023 GB or more.",
        codes="InvalidParameter InvalidResourceName", provider=_WORKSPACES),
    row("azure_query_throttled", _TRANSIENT, Action.RETRY,
        "Azure takes no more queries for the moment: 200 in 30 seconds, and 5 at once.",
        codes="ThrottledError"),
    row("azure_query_too_slow", _CONFIGURATION, Action.FAIL,
        "The query took longer than it may.",
        "Ask for a shorter time, or name a namespace and a pod.",
        codes="GatewayTimeoutError QueryTimeoutError QueryExecutionTimeout"),
    row("azure_query_too_broad", _QUOTA, Action.FAIL,
        "The query needs more memory, or answers with more, than Azure allows.",
        "Ask for a shorter time and fewer rows.",
        codes="ResponseSizeError QueryExecutionLimit LimitsExceeded QueryLimitsExceeded"),
    row("azure_query_unknown_name", _CONFIGURATION, Action.FAIL,
        "The query names a table, column or function that the workspace does not have.",
        "Correct the name. A table is there once something of its kind has arrived.",
        codes="SemanticError SEM0100 SEM0001"),
    row("azure_query_malformed", _CONFIGURATION, Action.FAIL,
        "The query cannot be read.",
        "Correct it where Azure's message points.",
        codes="SyntaxError SYN0001 SYN0002 SYN0003 BadArgumentError"),
    row("azure_query_denied", _PERMISSION, Action.FAIL,
        "Slipway's identity may not read this workspace.",
        "Give it the role Log Analytics Reader on the workspace.",
        codes="InsufficientAccessError"),
    row("azure_workspace_not_found", _GONE, Action.TREAT_AS_GONE,
        "The workspace is not there, or not there for queries yet.",
        "Look whether it was deleted: a deleted workspace can be brought back for 14 days.",
        codes="WorkspaceNotFoundError PathNotFoundError"),
    row("azure_rule_invalid", _CONFIGURATION, Action.FAIL,
        "Azure does not take the data collection rule.",
        "Correct the streams, the interval or the namespaces that Azure names.",
        codes="InvalidPayload InvalidDataFlow InvalidDataSource InvalidDestination", provider="Microsoft.Insights"),
)
# fmt: on
