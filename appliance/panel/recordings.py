"""Recordings over HTTP, whole or in ranges, so that a phone can play and seek in one without fetching all of it.

Every touch of the disk happens on a worker thread: a disk that stalls holds up this download and nobody else.
"""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO
from urllib.parse import quote

from aiohttp import web

from appliance.access.denied import Denied
from appliance.errors import Refused
from appliance.panel.streams import AS_IT_COMES
from appliance.recordings.recording_dir import PART

CHUNK = 256 * 1024
_RANGE = re.compile(r"^bytes=(\d*)-(\d*)$")


async def send(request: web.Request, path: Path, headers: Mapping[str, str]) -> web.StreamResponse:
    """Sends the file or the range of it that was asked for. Raises `Refused` when it has just been deleted."""
    try:
        file = await asyncio.to_thread(_open, path)
    except OSError:
        text = "There is no such recording; it may have been deleted already."
        raise Refused("no-such-recording", text, name=path.name) from None
    try:
        return await _send(request, file, path.name.removesuffix(PART), headers)
    finally:
        await asyncio.to_thread(file.close)


def wanted_range(asked: str, size: int) -> tuple[int, int] | None:
    """The first and last byte of an HTTP range of one part; None for the whole file. Raises `Denied` (416)."""
    match = _RANGE.match(asked.strip())
    if match is None or match[0] == "bytes=-":
        return None  # what we do not understand we may ignore (RFC 9110, 14.2)
    first, last = match.groups()
    if not first:
        begin, end = max(0, size - int(last)), size - 1
    else:
        begin, end = int(first), min(int(last or size), size - 1)
    if begin > end:
        raise Denied(416, "no-such-part", f"The recording has {size} bytes; this part of it is not there.")
    return begin, end


async def _send(request: web.Request, file: BinaryIO, name: str, headers: Mapping[str, str]) -> web.StreamResponse:
    status = await asyncio.to_thread(os.fstat, file.fileno())
    size, tag = status.st_size, f'"{status.st_mtime_ns:x}-{status.st_size:x}"'
    asked = request.headers.get("Range", "")
    if request.headers.get("If-Range", tag) != tag:
        asked = ""  # the file is another one than the asker has the beginning of
    part = wanted_range(asked, size)
    begin, end = part or (0, size - 1)
    response = web.StreamResponse(status=206 if part else 200, headers={**headers, **AS_IT_COMES})
    response.content_type = "video/mp4"
    response.content_length = end - begin + 1
    response.headers["Accept-Ranges"] = "bytes"
    response.headers["ETag"] = tag
    response.headers["Content-Disposition"] = f"inline; filename*=UTF-8''{quote(name)}"
    if part:
        response.headers["Content-Range"] = f"bytes {begin}-{end}/{size}"
    await response.prepare(request)
    if request.method == "GET":
        await _copy(file, (begin, end), response)
    await response.write_eof()
    return response


async def _copy(file: BinaryIO, part: tuple[int, int], response: web.StreamResponse) -> None:
    at, end = part
    while at <= end:
        data = await asyncio.to_thread(os.pread, file.fileno(), min(CHUNK, end + 1 - at), at)
        if not data:
            return  # cut short behind our back; the asker sees that it is
        await response.write(data)
        at += len(data)


def _open(path: Path) -> BinaryIO:
    return os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC), "rb")
