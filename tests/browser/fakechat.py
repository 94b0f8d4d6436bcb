"""The fake box's chat: viewers of every script, and what commands do with what they say."""

from __future__ import annotations

from typing import Any

from tests.browser.fakestate import EVENING, fresh_state

type Json = dict[str, Any]

VIEWERS = (
    "Maya",
    "Leo_92",
    "فاطمة",
    "สมชาย",
    "Iñaki",
    "आरव",
    "小明",
    "Ξένια",
    "👩🏽\u200d🚀 Ro",
    "Very Long Name Of A Viewer Here",
)
WORDS = (
    "first!!", "which game is it today?", "مرحبا بك، لعبة رائعة جدا! متى تبدأ الجولة التالية؟", "สวัสดีครับ เกมนี้สนุกมาก",
    "¡qué partidazo, enhorabuena!", "नमस्ते सब लोग", "主播加油，这局太精彩了", "👏🏿👏🏿👏🏿",
    "gg 😂 that jump was so close, do it once more please, nobody will believe it",
)  # fmt: skip
COMMANDS = (
    "hide-message", "show-message", "approve-message", "hide-viewer", "show-viewer", "pin", "unpin", "ask-question",
    "answer-question", "test-alert",
)  # fmt: skip
GIVES = ("gift", "follow", "share", "subscribe", "join", "question")


def message(number: int, kind: str = "comment", **more: Any) -> Json:
    """What the viewer of this number says or gives."""
    who = number % len(VIEWERS)
    text = WORDS[number % len(WORDS)] if kind in {"comment", "question"} else ""
    return {
        "id": f"tiktok:{number}", "platform": "tiktok", "at": EVENING + number, "kind": kind, "text": text, "count": 1,
        "gift": gift(3) if kind == "gift" else None, "hidden": "",
        "user": {"id": f"tiktok:u{who}", "name": VIEWERS[who], "handle": f"viewer{who}", "badges": []}, **more,
    }  # fmt: skip


def gift(count: int, name: str = "Rose", value: int = 1, *, is_open: bool = False) -> Json:
    return {"name": name, "count": count, "coins": count * value, "group": "g", "is-open": is_open}


def crowd(count: int, first: int = 0) -> list[Json]:
    """So many, of which every seventh is no comment."""
    return [
        message(number, GIVES[number // 7 % len(GIVES)] if number % 7 == 6 else "comment")
        for number in range(first, first + count)
    ]


def on(*messages: Json, **fields: Any) -> Json:
    """A chat that is heard, with these messages."""
    source = {"platform": "tiktok", "status": "connected", "live": "on", "live-at": 0.0, "problem": None}
    return {
        **fresh_state()["chat"],
        "status": "connected",
        "sources": [source],
        "viewers": 412,
        "messages": list(messages),
        **fields,
    }


def for_viewers(chat: Json) -> Json:
    """The chat without what was hidden, as helpers and viewers get it."""
    shown, asked = ([one for one in chat[name] if not one["hidden"]] for name in ("messages", "questions"))
    return {**chat, "messages": shown, "questions": asked, "hidden-viewers": []}


def after(chat: Json, command: Json) -> tuple[Json, list[Json]]:
    """The chat after a command, and of its messages those that changed."""
    act, id_ = command["do"], command.get("id", "")
    known = {one["id"]: one for one in chat["messages"]}
    if act in {"hide-message", "show-message", "approve-message"}:
        return chat, [{**known[id_], "hidden": "message" if act == "hide-message" else ""}]
    if act in {"hide-viewer", "show-viewer"}:
        theirs = [one for one in chat["messages"] if one["user"]["id"] == id_]
        is_hidden = act == "hide-viewer"
        users = [one for one in chat["hidden-viewers"] if one["id"] != id_] + [theirs[0]["user"]] * is_hidden
        return {**chat, "hidden-viewers": users}, [{**one, "hidden": "viewer" if is_hidden else ""} for one in theirs]
    if act in {"pin", "unpin"}:
        one = known.get(id_, {"text": command.get("text", ""), "user": {"name": ""}})
        pinned = {"id": id_, "text": one["text"], "name": one["user"]["name"]} if act == "pin" else None
        return {**chat, "pinned": pinned}, []
    if act in {"ask-question", "answer-question"}:
        questions = [one for one in chat["questions"] if one["id"] != id_]
        return {**chat, "questions": questions + [known[id_]] * (act == "ask-question")}, []
    return chat, [message(10_000 + len(known), command["kind"], platform="test")]


def evening(number: int, **more: Any) -> Json:
    """The summary of a LIVE."""
    return {
        "id": number, "title": "مساء الخير", "began-at": EVENING, "ended-at": EVENING + 5400, "seconds": 5400.0,
        "viewers-peak": 812, "viewers-average": 311.4, "totals": {"follows": 31, "gifts": 64, "coins": 30_411},
        "top-gifters": [{"user": message(2)["user"], "gifts": 12, "coins": 29_999}], "clips": ["clip.mp4"],
        "problems": [{"code": "disk-full", "text": "Full.", "since-at": EVENING, "seconds": 75.0, "times": 2}],
        "highlights": [{"at": EVENING + 60, "why": "chat", "count": 140, "recording": "2026.mp4", "recording-s": 61.0}],
        **more,
    }  # fmt: skip
