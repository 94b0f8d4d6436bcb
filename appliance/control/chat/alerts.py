"""Moments worth an alert, each until its end. Pure; `steady` seconds are what an end is measured by."""

from __future__ import annotations

from msgspec.structs import replace

from appliance.control.chat.now import Now
from appliance.model.state.chat import Alert

ALERT_S = 6.0
MOST_ALERTS = 12


class Alerts:
    """The moments that are not over. Where there are too many, those that gave least go first."""

    def __init__(self) -> None:
        self._alerts: dict[str, tuple[Alert, float]] = {}

    def put(self, alert: Alert, now: Now) -> None:
        """A new moment, or one that grew and lasts from now on."""
        alert = replace(alert, until_at=round(now.wall + ALERT_S, 1))
        self._alerts[alert.id] = (alert, now.steady + ALERT_S)
        if len(self._alerts) > MOST_ALERTS:
            self.remove(min(self._alerts.values(), key=lambda kept: (kept[0].coins, kept[1]))[0].id)

    def remove(self, id_: str) -> None:
        """It is over at once."""
        self._alerts.pop(id_, None)

    def remove_of(self, viewer: str) -> None:
        """Nothing of this viewer is shown any longer."""
        for alert, _ in list(self._alerts.values()):
            if alert.user.id == viewer:
                self.remove(alert.id)

    def end(self, now: Now) -> None:
        """Takes out what is over."""
        for id_ in [id_ for id_, (_, until_s) in self._alerts.items() if until_s <= now.steady]:
            del self._alerts[id_]

    def all(self) -> tuple[Alert, ...]:
        """Those that are on, oldest first."""
        return tuple(alert for alert, _ in self._alerts.values())
