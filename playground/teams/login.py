"""The directory's side: the token endpoint as Entra answers it, the service's metadata and its key document.

Sources: bot-docs bot-framework-rest-connector-authentication; Microsoft Entra's error codes reference.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from playground.cutting import cut_connection
from playground.teams.keys import ISSUER, SCOPE
from playground.teams.parts import Parts

Json = dict[str, Any]
Answer = tuple[int, Json]
HIDDEN = "***"


def routes(parts: Parts) -> list[BaseRoute]:
    """Return the routes of the directory."""
    login = Login(parts)
    base = "/teams/login"
    return [
        Route(f"{base}/{{tenant}}/oauth2/v2.0/token", login.token, methods=["POST"]),
        Route(f"{base}/v1/.well-known/openidconfiguration", login.metadata),
        Route(f"{base}/v1/.well-known/keys", login.keys),
    ]


@dataclass(slots=True)
class Login:
    """Answers what a bot asks before it may speak or believe."""

    parts: Parts

    async def token(self, request: Request) -> Response:
        """Answer the token endpoint."""
        async with request.form() as form:
            told = {name: value for name, value in form.items() if isinstance(value, str)}
        shown = {**told, **({"client_secret": HIDDEN} if "client_secret" in told else {})}
        tenant = request.path_params["tenant"]
        return await self._behave(request, "token", shown, lambda: self._token(tenant, told))

    async def metadata(self, request: Request) -> Response:
        """Answer the metadata, which names the key document."""
        told = {
            "issuer": ISSUER,
            "authorization_endpoint": "https://invalid.botframework.com",
            "jwks_uri": f"{self.parts.address}/teams/login/v1/.well-known/keys",
            "id_token_signing_alg_values_supported": ["RS256"],
            "token_endpoint_auth_methods_supported": ["private_key_jwt"],
        }
        return await self._behave(request, "openid", None, lambda: (200, told))

    async def keys(self, request: Request) -> Response:
        """Answer the key document."""
        return await self._behave(request, "keys", None, lambda: (200, self.parts.keys.document()))

    async def _behave(self, request: Request, method: str, told: object, answer: Callable[[], Answer]) -> Response:
        parts = self.parts
        entry, fault = parts.ledger.begin("in", method, told), parts.faults.take(method)
        if fault.delay_s:
            await asyncio.sleep(fault.delay_s)
        if fault.cut:
            parts.ledger.finish(entry, 0, None, "cut")
            return cut_connection(request)
        status, body = (fault.status, {"error": fault.code or "temporarily_unavailable"}) if fault.status else answer()
        hidden = {**body, **({"access_token": HIDDEN} if "access_token" in body else {})}
        parts.ledger.finish(entry, status, hidden, str(body.get("error", "ok")))
        headers = {} if fault.retry_after is None else {"Retry-After": str(fault.retry_after)}
        return JSONResponse(body, status, headers)

    def _token(self, tenant: str, told: Json) -> Answer:
        settings = self.parts.settings
        if tenant != settings.tenant:
            return _refused(400, "invalid_request", 90002, f"Tenant '{tenant}' not found.")
        if told.get("grant_type") != "client_credentials":
            return _refused(400, "unsupported_grant_type", 70003, "The app requested an unsupported grant type.")
        if told.get("client_id") != settings.app_id:
            return _refused(400, "unauthorized_client", 700016, "Application was not found in the directory.")
        if told.get("client_secret") != settings.secret:
            return _refused(401, "invalid_client", 7000215, "Invalid client secret provided.")
        if told.get("scope") != SCOPE:
            return _refused(400, "invalid_scope", 1002012, "The provided value for scope is not valid.")
        return 200, self.parts.tokens.issue()


def _refused(status: int, error: str, number: int, sentence: str) -> Answer:
    return status, {
        "error": error,
        "error_description": f"AADSTS{number}: {sentence}",
        "error_codes": [number],
        "timestamp": datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%SZ"),
        "trace_id": str(uuid4()),
        "correlation_id": str(uuid4()),
    }
