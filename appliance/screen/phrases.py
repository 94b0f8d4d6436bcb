"""What viewers read, by language. A language that is not here is told in English. Pure."""

from __future__ import annotations

BACK_IN_A_MOMENT = {
    "en": "back in a moment",
    "es": "Vuelvo enseguida",
    "de": "gleich zurück",
    "fr": "de retour dans un instant",
    "it": "torno subito",
    "pt": "volto já",
    "nl": "zo weer terug",
    "pl": "zaraz wracam",
    "tr": "birazdan dönüyorum",
    "id": "sebentar lagi kembali",
    "ru": "скоро вернусь",
    "uk": "скоро повернуся",
    "ar": "سأعود بعد لحظات",
    "he": "תכף חוזרים",
    "hi": "बस थोड़ी देर में वापस",
    "ja": "まもなく戻ります",
    "ko": "잠시 후 돌아올게요",
    "zh": "马上回来",
    "zh-TW": "馬上回來",
}


def back_in_a_moment(language: str) -> str:
    """The slate's second line."""
    return BACK_IN_A_MOMENT.get(language) or BACK_IN_A_MOMENT.get(language.partition("-")[0]) or BACK_IN_A_MOMENT["en"]
