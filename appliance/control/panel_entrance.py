"""The reception: opens the panel's door, prints for who stands at the box how to come in, keeps the certificate fresh.

It owns the address file and the first link. What it prints is meant for the console or the journal: the one place where
a link, a PIN and a QR code may be seen. It never logs them.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import logging
import ssl
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from appliance.access.certificate import Identity, own_identity, server_context
from appliance.access.door import LINGER_S, LONGEST_LINE, MOST_HEADERS, Door
from appliance.access.guard import Access
from appliance.access.pins import in_groups
from appliance.access.qr import qr_text
from appliance.access.tokens import AccessFiles
from appliance.control.house.addresses import ADDRESS_FILE, address_for, host_names, link_to, own_address, site_of
from appliance.errors import Invalid, PlugcastError
from appliance.model.config import Config
from appliance.storage.files import on_disk

log = logging.getLogger(__name__)
_http_log = logging.getLogger("appliance.panel.http")

BIND_AGAIN_S = 1.0
LOOK_S = 60.0


@dataclass(frozen=True, slots=True)
class Voice:
    """Who hears what is for the person at the box: the link in one line, and everything else."""

    announce: Callable[[str], None] = print
    show: Callable[[str], None] = print


class FaultsOfOurs(logging.Filter):
    """Drops what the server says of requests that are none and of visitors who left.

    The words for a header that cannot be read repeat it, and it may be somebody's cookie or token.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether this is about us."""
        error = record.exc_info[1] if record.exc_info else None
        return not isinstance(error, HttpProcessingError | ConnectionError)


_faults_of_ours = FaultsOfOurs()


def runner_for(app: web.Application) -> web.AppRunner:
    """The server for the panel: what one request's headers may cost is bounded, and nothing is logged of any."""
    _http_log.addFilter(_faults_of_ours)
    return web.AppRunner(
        app,
        access_log=None,
        logger=_http_log,
        shutdown_timeout=0.5,
        handle_signals=False,
        max_line_size=LONGEST_LINE,
        max_field_size=LONGEST_LINE,
        max_headers=MOST_HEADERS,
        lingering_time=LINGER_S,
        auto_decompress=False,
    )


class Reception:
    """Receives who comes to the panel. `clock` is Unix seconds."""

    def __init__(self, config: Config, access: Access, files: AccessFiles, voice: Voice) -> None:
        self._config = config
        self._access = access
        self._files = files
        self._voice = voice
        self._identity: Identity | None = None
        self._context: ssl.SSLContext | None = None
        self._making = asyncio.Lock()
        self._port = 0
        self._opened = asyncio.Event()
        self.door = Door(tls=self._secured)

    async def port(self) -> int:
        """The port that the panel listens at, as soon as it does."""
        await self._opened.wait()
        return self._port

    async def prepare(self) -> None:
        """Makes the certificate, if it is needed in any case. Raises `Unavailable`."""
        if self._config.panel.tls:
            self._access.is_https_only = True
            await self._take(await asyncio.to_thread(self._own_identity, self._access.now()))

    async def receive(self, runner: web.AppRunner) -> None:
        """Listens, trying for ever while another program has the port; says how to come in; takes connections."""
        assert runner.server is not None  # noqa: S101 - its setup made it
        port = self._port = await self._open()
        self._opened.set()
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self.door.run(runner.server), name="door")
                group.create_task(self._keep_fresh(), name="certificate")
                await self._say_how_to_come_in(port)
        finally:
            self.door.close()

    async def _say_how_to_come_in(self, port: int) -> None:
        address = address_for(self._config, port)
        self._access.site = site_of(self._config, address)
        link = link_to(self._access.site, await asyncio.to_thread(self._note_address, address))
        self._voice.announce(f"panel {link}")
        await asyncio.to_thread(self._welcome, link)
        log.info("The panel answers at %s/", self._access.site)

    async def _open(self) -> int:
        panel, said = self._config.panel, False
        while True:
            try:
                return await self.door.open(panel.listen, panel.port)
            except PermissionError:
                raise Invalid(
                    "panel-port",
                    f"panel.port: port {panel.port} needs root here. Choose one from 1024 on, such as 8080.",
                    port=panel.port,
                ) from None
            except OSError as error:
                if not said:
                    reason = (error.strerror or str(error)).lower()
                    log.warning("The panel cannot listen on %s port %d yet: %s.", panel.listen, panel.port, reason)
                    said = True
                await asyncio.sleep(BIND_AGAIN_S)

    def _note_address(self, address: str) -> str:
        with contextlib.suppress(OSError):
            (Path(self._config.run_dir) / ADDRESS_FILE).write_text(address + "\n")
        return self._files.new_link(time.time())

    def _welcome(self, link: str) -> None:
        """The same for a camera, and the PIN for who has none at hand."""
        if not self._access.sessions or sys.stdout.isatty():
            self._voice.show(qr_text(link, coloured=sys.stdout.isatty()))
        self._voice.show(f"PIN {in_groups(self._files.pin.shown())}")
        if self._access.fingerprint:
            self._voice.show(f"certificate SHA-256 {self._access.fingerprint}")

    async def _keep_fresh(self) -> None:
        """Every minute, because a clock that is set late makes a certificate old or young at once."""
        while True:
            await asyncio.sleep(LOOK_S)
            await self.renew_if_due()

    async def renew_if_due(self) -> None:
        """Another certificate for the connections from now on, when the one in use ends soon."""
        if self._identity is None or not self._identity.is_due(self._access.now()):
            return
        try:
            await self._take(await asyncio.to_thread(self._own_identity, self._access.now()))
        except PlugcastError as error:
            log.warning("The panel's certificate cannot be renewed: %s", error)
            return
        log.info("The panel has a new certificate; browsers will ask once more.")
        await asyncio.to_thread(self._voice.show, f"certificate SHA-256 {self._access.fingerprint}")

    async def _secured(self) -> ssl.SSLContext:
        """For a connection that begins with TLS. Who never uses it never pays for it, in memory above all."""
        async with self._making:
            if self._context is None:
                try:
                    await self._take(await asyncio.to_thread(self._own_identity, self._access.now()))
                except PlugcastError as error:
                    log.warning("The panel has no certificate, so it cannot speak HTTPS: %s", error)
                    raise OSError(errno.EPROTO, "no certificate") from None
                await asyncio.to_thread(self._voice.show, f"certificate SHA-256 {self._access.fingerprint}")
            assert self._context is not None  # noqa: S101 - made above
            return self._context

    def _own_identity(self, now: float) -> Identity:
        """Kept where it survives a restart, or else for as long as the computer runs. Raises `Unavailable`."""
        names, addresses = host_names(self._config), {own_address()}
        try:
            return own_identity(Path(self._config.state_dir), names, addresses, now)
        except PlugcastError as error:
            log.warning("The panel's certificate cannot be kept, so browsers will ask again: %s", error)
            return own_identity(Path(self._config.run_dir) / "control", names, addresses, now)

    async def _take(self, identity: Identity) -> None:
        self._identity = identity
        self._access.fingerprint = identity.fingerprint
        if self._context is None:
            self._context = await asyncio.to_thread(server_context, identity)
        else:
            await asyncio.to_thread(_load, self._context, identity)


def _load(context: ssl.SSLContext, identity: Identity) -> None:
    context.load_cert_chain(on_disk(identity.file))
