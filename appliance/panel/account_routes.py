"""The routes of signing in with TikTok. Owns nothing; the tokens never come near."""

from __future__ import annotations

from typing import Protocol

from aiohttp import web

from appliance.access.json_answer import json_answer
from appliance.model.problem import Value
from appliance.model.state import AccountState, State
from appliance.system.latest import Latest

LABEL = "Signing in tells this box your TikTok name. It does not start a LIVE and does not bring a stream key."


class SignIn(Protocol):
    """Signing in with TikTok, as far as the panel takes part in it."""

    @property
    def step(self) -> str:
        """How far it is."""

    async def start(self) -> str:
        """Begins, and gives the text of the QR code. Raises PlugcastError."""

    async def leave(self) -> None:
        """Signs out. Raises PlugcastError."""


class AccountAnswer(Value, frozen=True):
    """How signing in goes, and who is signed in. `label` says what it is good for."""

    step: str
    account: AccountState | None = None
    label: str = LABEL


class AccountCode(Value, frozen=True):
    """What the QR code must say."""

    qr: str
    step: str
    label: str = LABEL


def add_account(app: web.Application, sign_in: SignIn, state: Latest[State]) -> None:
    """Adds GET, POST and DELETE /api/account."""

    async def show(_request: web.Request) -> web.Response:
        return json_answer(AccountAnswer(step=sign_in.step, account=state.value.account))

    async def start(_request: web.Request) -> web.Response:
        return json_answer(AccountCode(qr=await sign_in.start(), step=sign_in.step))

    async def leave(_request: web.Request) -> web.Response:
        await sign_in.leave()
        return json_answer(AccountAnswer(step=sign_in.step))

    app.router.add_get("/api/account", show)
    app.router.add_post("/api/account", start)
    app.router.add_delete("/api/account", leave)
