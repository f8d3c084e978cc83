"""Ask for a job: its row and its place in the queue commit together with the caller's transaction, or not at all."""

from dbos import DBOSClient, DBOSPortableJSONSerializer, EnqueueOptions
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.engine import Database
from app.db.readiness import has_room
from app.engine.errors import NoRoomError
from app.engine.kinds import PROTOCOL
from app.models import Job

APPLICATION = "slipway"
QUEUE = "jobs"
WORKFLOW = "job"
VERSION = f"protocol-{PROTOCOL}"
_GO_FIRST = "UPDATE {schema}workflow_status SET created_at = created_at - :earlier WHERE workflow_uuid = :job_id"
_EARLIER_MS = 366 * 24 * 3600 * 1000
_ROOM_SECONDS = 30
# PostgreSQL's now(), DBOS's default, is when the transaction began; it has waited since then for its target's lock.
_TAKE_PLACE_IN_LINE = text(
    "UPDATE dbos.workflow_status SET created_at = (EXTRACT(EPOCH FROM clock_timestamp()) * 1000)::bigint "
    "WHERE workflow_uuid = :job_id"
)


class JobQueue:
    """The asking side of DBOS. It only ever writes through the caller's own connection."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._client = DBOSClient(
            system_database_engine=database.dbos_engine(),
            serializer=DBOSPortableJSONSerializer(),
            application_name=APPLICATION,
            lazy=True,
        )

    async def enqueue(self, session: AsyncSession, job: Job, *, first: bool = False) -> None:
        """Put a job, whose row is in this transaction, into the queue: one at a time for each `job.partition`.

        Its place in the line is taken now: where the caller holds a lock of the target, jobs run in the order in
        which their transactions held it (docs/decisions/0012). `first`: before all that is queued.
        Raises NoRoomError on a disk that is nearly full.
        """
        if not has_room(self._database):
            raise NoRoomError("The disk under the database is nearly full.", retry_after_seconds=_ROOM_SECONDS)
        options: EnqueueOptions = {
            "workflow_name": WORKFLOW,
            "queue_name": QUEUE,
            "workflow_id": job.id,
            "workflow_id_reuse_policy": "reject",
            "queue_partition_key": job.partition,
            "app_version": VERSION,
        }

        def enqueue(connection: Connection) -> None:
            self._client.enqueue_in_transaction(connection, options, job.id)
            if connection.dialect.name == "postgresql":
                connection.execute(_TAKE_PLACE_IN_LINE, {"job_id": job.id})
            if first:
                schema = "dbos." if connection.dialect.name == "postgresql" else ""
                connection.execute(text(_GO_FIRST.format(schema=schema)), {"job_id": job.id, "earlier": _EARLIER_MS})

        connection = await session.connection()
        await connection.run_sync(enqueue)

    def close(self) -> None:
        """Give up what the client holds; the database's own engines stay open."""
        self._client.destroy()
