"""Which source a plan means. Each is imported only when it is wanted."""

from __future__ import annotations

import hashlib
from dataclasses import replace

from appliance.chat.asked import Asked
from appliance.chat.keys import read_key
from appliance.chat.quota import Quota
from appliance.chat.simulated import Crowd, simulated
from appliance.chat.source import Clock, Source, Trouble
from appliance.model.chat import SourcePlan

CROWD = 60
"""So many pretend viewers: a few comments in ten seconds."""


def place_of(plan: SourcePlan) -> str:
    """Who lets us in: with a key of the owner's it is another matter than without, and with another key, too."""
    if not plan.key_file:
        return plan.platform
    try:
        key = read_key(plan.key_file, plan.platform)
    except Trouble:
        return f"{plan.platform}+key"
    return f"{plan.platform}+key-{hashlib.sha256(key.encode()).hexdigest()[:8]}"


def opened(plan: SourcePlan, clock: Clock, asked: Asked) -> Source:
    """The source of this plan, not yet connected."""
    if plan.platform == "youtube":
        from appliance.chat.youtube import Api, youtube

        return youtube(plan.name, plan.video, plan.key_file, Api(), Quota(asked, place_of(plan), clock), clock)
    if plan.platform == "twitch":
        from appliance.chat.twitch import Server, twitch

        return twitch(plan.name, Server())
    if plan.platform == "tiktok":
        from appliance.chat.tiktok import Site, tiktok

        told, own = plan.addresses, Site()
        site = replace(
            own,
            app_url=told.app or own.app_url,
            webcast_url=told.webcast or own.webcast_url,
            sign_url=told.sign or own.sign_url,
        )
        return tiktok(plan.name, site, clock, plan.key_file)
    return simulated(Crowd(CROWD), clock)
