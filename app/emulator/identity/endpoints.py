"""Where clients log in: managed identity, OAuth client credentials, OpenID discovery, cloud metadata."""

import hmac
from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from app.emulator.core.documents import Document
from app.emulator.identity.tokens import TokenIssuer

MANAGED_IDENTITY_CLIENT_ID = "2b1f5c7e-9d34-4a86-b0c2-6e8f7a913d05"
_SECRET = "secret"  # noqa: S105 - a key in a form, no secret


def _base_url(request: Request) -> str:
    return f"{request.url.scheme}://{request.url.netloc}"


def _refused(status: int, error: str, description: str) -> JSONResponse:
    return JSONResponse({"error": error, "error_description": description}, status)


class LoginEndpoints:
    """The endpoints of one tenant."""

    def __init__(self, tokens: TokenIssuer, *, tenant_id: str, identity_header: str) -> None:
        """`identity_header` is the secret of the managed identity, and of every OAuth client."""
        self._tokens = tokens
        self._tenant_id = tenant_id
        self._identity_header = identity_header

    def routes(self) -> list[Route]:
        """For Starlette."""
        token, keys = "/{tenant}/oauth2/v2.0/token", "/{tenant}/discovery/v2.0/keys"
        discovery = ".well-known/openid-configuration"
        return [
            Route("/msi/token", self._managed_identity, methods=["GET"]),
            Route("/metadata/endpoints", self._endpoints, methods=["GET"]),
            Route("/metadata/clouds", self._clouds, methods=["GET"]),
            Route("/common/discovery/instance", self._instances, methods=["GET"]),
            Route(f"/{{tenant}}/v2.0/{discovery}", self._openid, methods=["GET"]),
            Route(f"/{{tenant}}/{discovery}", self._openid, methods=["GET"]),
            Route(keys, self._keys, methods=["GET"]),
            Route("/{tenant}/discovery/keys", self._keys, methods=["GET"]),
            Route(token, self._client_credentials, methods=["POST"]),
            Route("/{tenant}/oauth2/token", self._client_credentials, methods=["POST"]),
        ]

    def _is_secret(self, text: str) -> bool:
        return hmac.compare_digest(text.encode(), self._identity_header.encode())

    async def _managed_identity(self, request: Request) -> JSONResponse:
        if not self._is_secret(request.headers.get("x-identity-header", "")):
            return _refused(401, "unauthorized_client", "The X-IDENTITY-HEADER header is missing or wrong.")
        resource = request.query_params.get("resource")
        if not resource:
            return _refused(400, "invalid_request", "Required parameter 'resource' is missing.")
        client_id = request.query_params.get("client_id") or MANAGED_IDENTITY_CLIENT_ID
        token = self._tokens.issue(resource=resource, client_id=client_id)
        return JSONResponse(
            {
                "access_token": token.text,
                "expires_on": str(token.expires),
                "not_before": str(token.not_before),
                "resource": resource,
                "token_type": "Bearer",
                "client_id": client_id,
            }
        )

    async def _client_credentials(self, request: Request) -> JSONResponse:
        form = {name: values[0] for name, values in parse_qs((await request.body()).decode()).items()}
        if form.get("grant_type") != "client_credentials":
            return _refused(400, "unsupported_grant_type", "AADSTS70003: only client_credentials is supported.")
        client_id = form.get("client_id")
        if not client_id:
            return _refused(400, "invalid_request", "AADSTS900144: the parameter 'client_id' is missing.")
        # A federated assertion (workload identity) is taken as it is: there is no cluster whose key to ask.
        if not form.get("client_assertion") and not self._is_secret(form.get(f"client_{_SECRET}", "")):
            return _refused(401, "invalid_client", "AADSTS7000215: Invalid client secret provided.")
        wanted = form.get("scope", form.get("resource", "https://management.azure.com/.default"))
        resource = wanted.split()[0].removesuffix("/.default")
        token = self._tokens.issue(resource=resource, client_id=client_id)
        lifetime = token.expires - token.not_before
        return JSONResponse(
            {
                "token_type": "Bearer",
                "expires_in": lifetime,
                "ext_expires_in": lifetime,
                "access_token": token.text,
            }
        )

    async def _openid(self, request: Request) -> JSONResponse:
        base = f"{_base_url(request)}/{request.path_params['tenant']}"
        return JSONResponse(
            {
                "token_endpoint": f"{base}/oauth2/v2.0/token",
                "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt"],
                "jwks_uri": f"{base}/discovery/v2.0/keys",
                "issuer": f"{_base_url(request)}/{self._tenant_id}/v2.0",
                "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
                "device_authorization_endpoint": f"{base}/oauth2/v2.0/devicecode",
                "response_types_supported": ["token"],
                "subject_types_supported": ["pairwise"],
                "id_token_signing_alg_values_supported": ["RS256"],
                "tenant_region_scope": None,
            }
        )

    async def _keys(self, _request: Request) -> JSONResponse:
        return JSONResponse(self._tokens.key_set())

    async def _instances(self, request: Request) -> JSONResponse:
        base = f"{_base_url(request)}/{self._tenant_id}"
        host = request.url.netloc
        return JSONResponse(
            {
                "tenant_discovery_endpoint": f"{base}/v2.0/.well-known/openid-configuration",
                "api-version": "1.1",
                "metadata": [{"preferred_network": host, "preferred_cache": host, "aliases": [host]}],
            }
        )

    def _cloud(self, request: Request) -> Document:
        base = _base_url(request)
        return {
            "name": "AzureCloud",
            "portal": base,
            "authentication": {
                "loginEndpoint": base,
                "audiences": ["https://management.core.windows.net/", "https://management.azure.com/"],
                "tenant": "common",
                "identityProvider": "AAD",
            },
            "resourceManager": base,
            "graph": base,
            "graphAudience": base,
            "microsoftGraphResourceId": base,
            "media": base,
            "batch": base,
            "gallery": base,
            "sqlManagement": base,
            "vmImageAliasDoc": f"{base}/aliases.json",
            "activeDirectoryDataLake": base,
            "logAnalyticsResourceId": base,
            "appInsightsResourceId": base,
            "suffixes": {
                "storage": "core.windows.net",
                "keyVaultDns": "vault.azure.net",
                "acrLoginServer": "azurecr.io",
                "sqlServerHostname": "database.windows.net",
                "azureDataLakeStoreFileSystem": "azuredatalakestore.net",
                "azureDataLakeAnalyticsCatalogAndJob": "azuredatalakeanalytics.net",
            },
        }

    async def _endpoints(self, request: Request) -> JSONResponse:
        return JSONResponse(self._cloud(request))

    async def _clouds(self, request: Request) -> JSONResponse:
        """For `ARM_CLOUD_METADATA_URL`, which wants a list."""
        return JSONResponse([self._cloud(request)])
