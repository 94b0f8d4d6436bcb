"""What YouTube's refusals mean, by the reasons that its documentation names, each in words of its own. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from appliance.chat.keys import key_wrong
from appliance.chat.quota import Quota
from appliance.chat.source import Trouble, lost, refused
from appliance.errors import NeedsOwner, Unavailable

CLOSED_WAIT_S = 120.0
OFFLINE_S = 60.0
LIMITED_WAIT_S = 30.0
_ENDED = {"liveChatEnded", "liveChatNotFound"}
_QUOTA = {"quotaExceeded", "dailyLimitExceeded"}
_TOO_FAST = {"rateLimitExceeded", "userRateLimitExceeded", "RATE_LIMIT_EXCEEDED"}
_KEY = {"keyInvalid", "keyExpired", "API_KEY_INVALID", "API_KEY_EXPIRED"}
_SERVICE = {"accessNotConfigured", "SERVICE_DISABLED", "API_KEY_SERVICE_BLOCKED"}
_PLACE = {"ipRefererBlocked", "API_KEY_IP_ADDRESS_BLOCKED", "API_KEY_HTTP_REFERRER_BLOCKED"}


def refusal(status: int, answer: object, quota: Quota) -> Trouble | None:
    """What a refusal means; None where it says that the chat has ended."""
    reasons = set(_reasons(answer))
    if reasons & _ENDED or (status == 404 and not reasons):
        return None
    if reasons & _QUOTA:
        return quota.gone()
    if reasons & _TOO_FAST or status == 429:
        return Trouble(
            "limited",
            Unavailable(
                "chat-limited",
                "YouTube was asked too often from here. The box waits half a minute.",
                platform="YouTube",
            ),
            LIMITED_WAIT_S,
        )
    if "liveChatDisabled" in reasons:
        return chat_closed()
    for kind, words in (("key", _KEY), ("service", _SERVICE), ("place", _PLACE)):
        if reasons & words:
            return key_wrong(kind, "YouTube")
    if status in (401, 403):
        return refused("YouTube")
    return lost("YouTube")  # a page that is no page any longer, for one: it begins anew


def chat_closed() -> Trouble:
    """There is a LIVE and no chat."""
    return Trouble(
        "failed",
        NeedsOwner(
            "chat-closed",
            "The chat of this LIVE is switched off on YouTube. Switch it on in YouTube Studio.",
            platform="YouTube",
        ),
        CLOSED_WAIT_S,
    )


def offline(name: str, pause_s: float = 0.0) -> Trouble:
    """Nobody is LIVE there; it is looked again no sooner than the units of the day allow."""
    return Trouble(
        "offline",
        Unavailable(
            "chat-offline",
            f"{name} is not LIVE on YouTube. The box looks every minute and hears the chat when the LIVE begins.",
            platform="YouTube",
            name=name,
        ),
        max(OFFLINE_S, pause_s),
    )


def _reasons(answer: object) -> Iterator[str]:
    """Old answers have them in `errors`, new ones in `details`."""
    error = answer.get("error") if isinstance(answer, dict) else None
    if not isinstance(error, dict):
        return
    for name in ("errors", "details"):
        told = error.get(name)
        for one in told if isinstance(told, list) else ():
            if isinstance(one, dict) and isinstance(one.get("reason"), str):
                yield one["reason"]
