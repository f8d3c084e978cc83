"""The row of the account that a job about keys is about."""

from app.engine.steps import Record
from app.models import StorageAccount, StorageState
from app.storage.workflow.key_errors import AccountGoneError

_LEAVING = frozenset({StorageState.DELETING, StorageState.DELETED})


async def account_of(record: Record) -> StorageAccount:
    """The job's account, locked until the transaction's end; AccountGoneError for one that is going."""
    row = await record.session.get(StorageAccount, record.view.target_id, with_for_update=True)
    if row is None or row.state in _LEAVING:
        raise AccountGoneError("The storage account is deleted or is being deleted.")
    return row
