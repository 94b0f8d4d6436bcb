"""The preview gives fresh pictures only, and waits a little for one."""

from __future__ import annotations

import asyncio

from appliance.panel.preview import FRESH_S, Preview


async def test_pictures() -> None:
    now, asked = [0.0], [0]

    def want() -> None:
        asked[0] += 1

    preview = Preview(want, lambda: now[0], patience_s=0.0)
    assert await preview.next_picture() is None
    preview.put(b"one")
    now[0] = FRESH_S
    assert await preview.next_picture() == b"one"
    now[0] += FRESH_S
    assert await preview.next_picture() is None
    preview.put(b"two")
    preview.clear()
    assert await preview.next_picture() is None
    assert asked[0] == 4


async def test_who_waits_gets_the_next_one() -> None:
    preview = Preview(lambda: None, lambda: 0.0, patience_s=10.0)
    waiting = [asyncio.create_task(preview.next_picture()) for _ in range(3)]
    await asyncio.sleep(0)
    preview.put(b"new")
    assert await asyncio.gather(*waiting) == [b"new"] * 3
