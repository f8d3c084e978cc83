"""API keys: `slw_<id>_<secret>`, 256 random bits of which only the SHA-256 is kept."""

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, bindparam, select
from sqlalchemy.orm import Session

from app.auth.errors import CredentialsRequiredError, InvalidCredentialsError
from app.auth.principals import Principal
from app.auth.scope import ProjectRef
from app.core.ids import Prefix, new_id
from app.models import ApiKey, Project, Role

_SECRET_BYTES = 32
_KEY = re.compile(r"slw_([0-9a-hjkmnp-tv-z]{26})_([A-Za-z0-9_-]{43})")
_SCHEME = "bearer"


@dataclass(frozen=True, slots=True)
class NewApiKey:
    """A key at its birth. `text` is what the caller gets, once; the row keeps its digest."""

    row: ApiKey
    text: str


@dataclass(frozen=True, slots=True)
class Authenticated:
    """A principal, and its key's project: None for a platform-admin."""

    principal: Principal
    project: ProjectRef | None


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def make_api_key(
    *,
    name: str,
    role: Role,
    project_id: str | None,
    created_by: str,
    now: datetime,
    expires_at: datetime | None = None,
) -> NewApiKey:
    """Make a key. The caller adds the row to its session."""
    key_id = new_id(Prefix.API_KEY)
    secret = secrets.token_urlsafe(_SECRET_BYTES)
    row = ApiKey(
        id=key_id,
        project_id=project_id,
        name=name,
        role=role,
        secret_hash=_digest(secret),
        created_by=created_by,
        created_at=now,
        expires_at=expires_at,
    )
    return NewApiKey(row=row, text=f"slw_{key_id.removeprefix(f'{Prefix.API_KEY}_')}_{secret}")


def _key_of(authorization: list[str]) -> tuple[str, str]:
    if not authorization:
        raise CredentialsRequiredError("The request carries no API key.")
    if len(authorization) > 1:
        raise InvalidCredentialsError("The request has more than one Authorization header.")
    scheme, _, token = authorization[0].partition(" ")
    found = _KEY.fullmatch(token.strip(" "))
    if scheme.lower() != _SCHEME or found is None:
        raise InvalidCredentialsError("The Authorization header is not of the form `Bearer slw_<id>_<secret>`.")
    return f"{Prefix.API_KEY}_{found[1]}", found[2]


_BY_ID = (
    select(
        ApiKey.name,
        ApiKey.role,
        ApiKey.secret_hash,
        ApiKey.expires_at,
        ApiKey.revoked_at,
        ApiKey.project_id,
        Project.name,
        Project.subscription_id,
    )
    .outerjoin(Project, Project.id == ApiKey.project_id)
    .where(ApiKey.id == bindparam("key_id"))
)


def authenticate(reads: Session | Connection, authorization: list[str], *, now: datetime) -> Authenticated:
    """Return who is calling, from the values of the request's Authorization headers, with one query.

    Raises CredentialsRequiredError (no header) and InvalidCredentialsError (anything else that does not fit).
    """
    key_id, secret = _key_of(authorization)
    found = reads.execute(_BY_ID, {"key_id": key_id}).one_or_none()
    if found is None or not hmac.compare_digest(found[2], _digest(secret)):
        raise InvalidCredentialsError("There is no such API key.")
    name, role, _, expires_at, revoked_at, project_id, project_name, subscription_id = found
    # From here on the caller holds the secret, and may know what became of its key.
    if revoked_at is not None:
        raise InvalidCredentialsError("The API key was revoked.")
    if expires_at is not None and expires_at <= now:
        raise InvalidCredentialsError("The API key has expired.")
    project = None
    if project_id is not None:
        project = ProjectRef(id=project_id, name=project_name, subscription_id=subscription_id)
    return Authenticated(Principal(id=key_id, name=name, role=Role(role), project_id=project_id), project)
