"""The slate's words: who goes live, and that they are back in a moment. Pure but for the painter it is given."""

from __future__ import annotations

from appliance.model.screen import ScreenPlan
from appliance.model.slate_layout import unit_of, words_room
from appliance.screen.bitmap import Bitmap
from appliance.screen.painter import Painter, Text
from appliance.screen.phrases import back_in_a_moment

_NAME_PX, _SENTENCE_PX = 58.0, 36.0
_SMALLEST_SENTENCE = 0.78
_BRIGHT, _SOFT = (0xF5, 0xF6, 0xF8), (0xD3, 0xD7, 0xE3)


def paint_words(painter: Painter, plan: ScreenPlan) -> Bitmap | None:
    """The words for a canvas, in the place that the slate keeps for them."""
    unit = unit_of(plan.width, plan.height)
    room = words_room(plan.width, plan.height)
    # In a very low room the sentence must be able to give way, too.
    smallest = _SMALLEST_SENTENCE if room.height >= 4 * _SENTENCE_PX * unit else 0.0
    texts = (
        Text(plan.owner_name, _NAME_PX * unit, 650, _BRIGHT),
        Text(back_in_a_moment(plan.language), _SENTENCE_PX * unit, 500, _SOFT, smallest),
    )
    return painter.paint(texts, room, plan.language)
