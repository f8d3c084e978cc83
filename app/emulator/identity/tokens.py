"""Tokens of the local Azure: real JWTs, signed RS256 with a key of its own."""

import base64
import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from app.emulator.core.clock import Clock
from app.emulator.core.documents import Document
from app.emulator.core.errors import AzureError

LIFETIME = timedelta(hours=24)
"""What a managed identity's token lasts in Azure."""
AUDIENCES = (
    "https://management.azure.com",
    "https://management.core.windows.net",
)
_LEEWAY = timedelta(seconds=5)
_PRINCIPALS = uuid.UUID("6f1d1d9c-1f0c-4f6c-9c36-0d2b8b8f3a51")


def new_key() -> bytes:
    """A new RSA key, PEM."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _number(value: int) -> str:
    raw = value.to_bytes((value.bit_length() + 7) // 8, "big")
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


@dataclass(frozen=True)
class IssuedToken:
    """One token and when it ends, in seconds since 1970."""

    text: str
    not_before: int
    expires: int


class TokenIssuer:
    """Issues tokens and knows its own again."""

    def __init__(self, *, key_pem: bytes, tenant_id: str, clock: Clock) -> None:
        """Sign with the RSA key `key_pem` for one tenant."""
        # To prove a key of our own right again takes longer than all else that a start does.
        loaded = serialization.load_pem_private_key(key_pem, password=None, unsafe_skip_rsa_key_validation=True)
        if not isinstance(loaded, rsa.RSAPrivateKey):
            raise TypeError("the key for tokens must be an RSA key")
        self._key = loaded
        self._tenant_id = tenant_id
        self._clock = clock
        numbers = loaded.public_key().public_numbers()
        self._modulus, self._exponent = _number(numbers.n), _number(numbers.e)
        self.key_id = str(uuid.uuid5(_PRINCIPALS, self._modulus))

    @property
    def issuer(self) -> str:
        """The `iss` of every token, as version 1.0 of Entra ID has it."""
        return f"https://sts.windows.net/{self._tenant_id}/"

    def key_set(self) -> Document:
        """The JSON Web Key Set."""
        key = {"kty": "RSA", "use": "sig", "alg": "RS256", "kid": self.key_id}
        return {"keys": [{**key, "n": self._modulus, "e": self._exponent}]}

    def issue(self, *, resource: str, client_id: str) -> IssuedToken:
        """A token for `resource`; the same `client_id` is the same principal each time."""
        now = int(self._clock.now().timestamp())
        expires = now + int(LIFETIME.total_seconds())
        principal = str(uuid.uuid5(_PRINCIPALS, client_id))
        claims = {
            "aud": resource,
            "iss": self.issuer,
            "iat": now,
            "nbf": now,
            "exp": expires,
            "appid": client_id,
            "appidacr": "2",
            "idp": self.issuer,
            "idtyp": "app",
            "oid": principal,
            "sub": principal,
            "tid": self._tenant_id,
            "uti": uuid.uuid4().hex[:22],
            "ver": "1.0",
            "xms_az_rid": f"/subscriptions/local/principals/{principal}",
        }
        text = jwt.encode(claims, self._key, algorithm="RS256", headers={"kid": self.key_id, "x5t": self.key_id})
        return IssuedToken(text, now, expires)

    def verify(self, authorization: str | None, *, audiences: Collection[str] = AUDIENCES) -> str:
        """The principal (`oid`) behind an `Authorization` header. 401 as ARM's gateway says it."""
        scheme, _, text = (authorization or "").partition(" ")
        if scheme.lower() != "bearer" or not text:
            raise self._refusal("AuthenticationFailed", "Authentication failed. The 'Authorization' header is missing.")
        try:
            # Times are checked against the clock of the local Azure, which a test may have moved.
            claims = jwt.decode(
                text,
                self._key.public_key(),
                algorithms=["RS256"],
                issuer=self.issuer,
                options={
                    "verify_exp": False,
                    "verify_nbf": False,
                    "verify_iat": False,
                    "verify_aud": False,
                    "require": ["exp", "aud", "oid", "tid"],
                },
            )
        except jwt.InvalidTokenError as error:
            raise self._refusal("InvalidAuthenticationToken", "The access token is invalid.") from error
        now = self._clock.now().timestamp()
        if claims["exp"] + _LEEWAY.total_seconds() < now:
            raise self._refusal("ExpiredAuthenticationToken", "The access token expiry UTC time is earlier than now.")
        if str(claims["aud"]).rstrip("/") not in audiences:
            raise self._refusal(
                "InvalidAuthenticationTokenAudience",
                f"The access token has been obtained for wrong audience or resource '{claims['aud']}'. It should "
                f"exactly match with one of the allowed audiences '{','.join(audiences)}'.",
            )
        if claims["tid"] != self._tenant_id:
            raise self._refusal(
                "InvalidAuthenticationTokenTenant", f"The access token is from the wrong issuer '{claims['tid']}'."
            )
        return str(claims["oid"])

    def _refusal(self, code: str, message: str) -> AzureError:
        challenge = (
            f'Bearer authorization_uri="https://login.windows.net/{self._tenant_id}", error="invalid_token", '
            f'error_description="{message.replace(chr(34), "")}"'
        )
        return AzureError(401, code, message, headers={"WWW-Authenticate": challenge})
