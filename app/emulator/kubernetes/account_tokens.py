"""Tokens of service accounts, as the subresource `token` gives them out: signed, bound to the account, with an end."""

import hashlib
from datetime import datetime, timedelta
from typing import Any

import jwt

from app.emulator.kubernetes.credentials import Credentials, User
from app.emulator.kubernetes.documents import Object, at, timestamp
from app.emulator.kubernetes.kinds.kind import Kind
from app.emulator.kubernetes.status import Cause, invalid
from app.emulator.kubernetes.store import Store

TOKEN_REQUEST = Kind(
    kind="TokenRequest", plural="tokenrequests", singular="tokenrequest", namespaced=True, group="authentication.k8s.io"
)
_ISSUER = "https://kubernetes.default.svc.cluster.local"
_ALGORITHM = "HS256"
_DEFAULT_SECONDS = 3600
_SHORTEST, _LONGEST = 600, 1 << 32


class AccountTokens:
    """Issues and checks them; the key is the cluster's own, so that they outlast a restart."""

    def __init__(self, store: Store, credentials: Credentials) -> None:
        self._store = store
        self._key = hashlib.sha256(credentials.server.key.encode()).digest()

    def issue(self, account: Object, request: Object) -> Object:
        """Return a TokenRequest with its token; raise 422 for a time that no token may have."""
        spec = request.get("spec") or {}
        seconds = spec.get("expirationSeconds", _DEFAULT_SECONDS)
        if not _SHORTEST <= seconds <= _LONGEST:
            rule = "may not specify a duration less than 10 minutes" if seconds < _SHORTEST else "may not be larger"
            said = f"Invalid value: {seconds}: {rule}"
            cause = Cause("FieldValueInvalid", said, "spec.expirationSeconds")
            raise invalid("TokenRequest", "", [cause], TOKEN_REQUEST.group)
        metadata, now = account["metadata"], self._store.now()
        audiences = spec.get("audiences") or [_ISSUER]
        ends = now + timedelta(seconds=seconds)
        own = {"name": metadata["name"], "uid": metadata["uid"]}
        claims = {
            "iss": _ISSUER,
            "aud": audiences,
            "sub": _name(metadata["namespace"], metadata["name"]),
            "iat": int(now.timestamp()),
            "nbf": int(now.timestamp()),
            "exp": int(ends.timestamp()),
            "kubernetes.io": {"namespace": metadata["namespace"], "serviceaccount": own},
        }
        token = jwt.encode(claims, self._key, _ALGORITHM)
        return {
            "kind": TOKEN_REQUEST.kind,
            "apiVersion": TOKEN_REQUEST.api_version,
            "metadata": {**own, "namespace": metadata["namespace"], "creationTimestamp": timestamp(now)},
            "spec": {"audiences": audiences, "expirationSeconds": seconds, "boundObjectRef": None},
            "status": {"token": token, "expirationTimestamp": timestamp(ends)},
        }

    def user(self, token: str) -> User | None:
        """Return whose token it is; None for one that is not ours, is over, or whose account is gone."""
        claims = self._claims(token)
        place = (claims or {}).get("kubernetes.io") or {}
        namespace, name = place.get("namespace", ""), at(place, "serviceaccount.name", "")
        account = self._store.get("serviceaccounts", namespace, name)
        if account is None or account["metadata"]["uid"] != at(place, "serviceaccount.uid"):
            return None
        groups = ("system:serviceaccounts", f"system:serviceaccounts:{namespace}", "system:authenticated")
        return User(_name(namespace, name), groups)

    def _claims(self, token: str) -> dict[str, Any] | None:
        # The time is the cluster's, which a test may move.
        options: Any = {"verify_exp": False, "verify_nbf": False, "verify_iat": False}
        try:
            claims: dict[str, Any] = jwt.decode(
                token, self._key, [_ALGORITHM], audience=_ISSUER, issuer=_ISSUER, options=options
            )
        except jwt.InvalidTokenError:
            return None
        ends = datetime.fromtimestamp(claims["exp"], self._store.now().tzinfo)
        return claims if ends > self._store.now() else None


def _name(namespace: str, name: str) -> str:
    return f"system:serviceaccount:{namespace}:{name}"
