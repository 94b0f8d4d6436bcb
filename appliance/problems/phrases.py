"""What is said to the owner about the picture, in the owner's language, with the console's own menu names. Pure.

Problems come with an English sentence; here they get their hints, and the sentence of another language. Words that
are not here stay English.
"""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from appliance.model.problem import Problem

LANGUAGES = ("en", "es")


@dataclass(frozen=True, slots=True)
class Said:
    """A sentence (empty: the problem's own) and what to try."""

    text: str = ""
    hints: tuple[str, ...] = ()


_HDCP = (
    "PS5: Settings > System > HDMI > Enable HDCP: off.",
    "PS4: Settings > System > Enable HDCP: off.",
    "Xbox and Switch: close the video app; games are not protected.",
)
_MODE = (
    "PS5: Settings > Screen and Video > Video Output > Resolution: 1080p.",
    "Xbox: Settings > General > TV & display options > Resolution: 1080p, 60 Hz.",
    "Switch: System Settings > TV Settings > TV Resolution: 1080p.",
)
_WAKE = (
    "PS5 and PS4: press the PS button on the controller.",
    "Xbox: press the Xbox button on the controller.",
    "Switch: put it into its dock; the dock needs power, and the HDMI cable belongs into the dock's HDMI OUT.",
)
_ENGLISH = {
    "no-cable": Said(
        hints=(
            "The cable goes from the console's HDMI OUT to the capture card's HDMI IN.",
            "Switch: the HDMI cable belongs into the dock's HDMI OUT, and the dock needs its power supply.",
            "Some consoles switch their HDMI off while they sleep: wake the console.",
        )
    ),
    "no-signal": Said(hints=(*_WAKE, _HDCP[0])),
    "no-lock": Said(hints=("Try a shorter HDMI cable, without a splitter or switch between.", *_HDCP[:2])),
    "out-of-range": Said(hints=_MODE),
    "unsupported-format": Said(hints=_MODE),
    "black": Said(hints=_HDCP),
    "stalled": Said(hints=("Use another USB port of the box itself, not a hub.", "Is the card too hot to touch?")),
    "usb-error": Said(hints=("Use another USB port of the box itself, not a hub.", "Try a shorter USB cable.")),
    "usb-full": Said(
        hints=(
            "Put the capture card and the camera into USB ports of different colours, without a hub.",
            "A USB 3 card belongs into a blue USB 3 port.",
        )
    ),
    "unreadable": Said(hints=("Use another USB port of the box itself, not a hub.", "Try a shorter USB cable.")),
}

_HDCP_ES = (
    "PS5: Ajustes > Sistema > HDMI > Activar HDCP: desactivado.",
    "PS4: Ajustes > Sistema > Activar HDCP: desactivado.",
    "Xbox y Switch: cierra la aplicación de vídeo; los juegos no están protegidos.",
)
_MODE_ES = (
    "PS5: Ajustes > Pantalla y vídeo > Salida de vídeo > Resolución: 1080p.",
    "Xbox: Configuración > General > Opciones de pantalla y TV > Resolución: 1080p, 60 Hz.",
    "Switch: Configuración de la consola > Ajustes del televisor > Resolución: 1080p.",
)
_WAKE_ES = (
    "PS5 y PS4: pulsa el botón PS del mando.",
    "Xbox: pulsa el botón Xbox del mando.",
    "Switch: ponla en su base; la base necesita su adaptador de corriente y el cable va en su salida HDMI OUT.",
)
_USB_ES = "Usa otro puerto USB de la propia caja, sin concentrador."
_SPANISH = {
    "no-device": Said(
        "No hay tarjeta capturadora{at_node}: conéctala y espera unos segundos.",
        ("Una tarjeta USB 3 necesita un puerto USB 3 (azul).",),
    ),
    "device-busy": Said("Otro programa usa {node}: ciérralo (OBS, un navegador) y la imagen vuelve sola."),
    "no-permission": Said("Plugcast no puede abrir {node}: añade su usuario al grupo video y reinícialo."),
    "not-a-capture": Said("{node} no es una capturadora: elige una que `plugcast devices` muestre como hdmi o webcam."),
    "no-cable": Said(
        "No hay ninguna consola conectada: revisa el cable HDMI entre la consola y la capturadora.",
        (
            "El cable va de la salida HDMI OUT de la consola a la entrada HDMI IN de la capturadora.",
            "Switch: el cable va en la salida HDMI OUT de la base, y la base necesita su adaptador de corriente.",
            "Algunas consolas apagan su HDMI en reposo: enciende la consola.",
        ),
    ),
    "no-signal": Said("El cable está puesto pero la consola no envía nada: enciéndela.", (*_WAKE_ES, _HDCP_ES[0])),
    "no-lock": Said(
        "La capturadora no logra fijar la señal: espera si la consola cambia de modo, o prueba otro cable.",
        ("Prueba un cable HDMI más corto, sin divisor ni conmutador.", *_HDCP_ES[:2]),
    ),
    "out-of-range": Said(
        "La consola envía un modo que la capturadora no admite: ponla a 1080p o 720p y 60 Hz.", _MODE_ES
    ),
    "unsupported-format": Said("La capturadora no puede usar esta imagen: pon la consola a 1080p o 720p.", _MODE_ES),
    "black": Said(
        "La consola solo envía negro: quizá protege su imagen (HDCP); desactiva HDCP en sus ajustes.", _HDCP_ES
    ),
    "stalled": Said(
        "La imagen se ha parado y la capturadora se abre de nuevo: si sigue así, desconéctala y vuelve a conectarla.",
        (_USB_ES, "¿Está la capturadora demasiado caliente?"),
    ),
    "usb-error": Said(
        "La capturadora da un error de USB: si sigue así, usa otro puerto o cable USB.",
        (_USB_ES, "Prueba un cable USB más corto."),
    ),
    "usb-full": Said(
        "El bus USB no tiene sitio para esta imagen: la caja prueba otra menor; dale al aparato un puerto USB "
        "propio, sin concentrador.",
        (
            "Conecta la capturadora y la cámara en puertos USB de distinto color, sin concentrador.",
            "Una tarjeta USB 3 necesita un puerto USB 3 (azul).",
        ),
    ),
    "unreadable": Said(
        "Llegan imágenes, pero ninguna se puede leer: desconecta el aparato y vuelve a conectarlo, o usa otro puerto o "
        "cable USB.",
        (_USB_ES, "Prueba un cable USB más corto."),
    ),
    "box-slow": Said(
        "Esta caja es demasiado lenta para lo que tiene que hacer y deja fuera {left_out}. Elige {choose} en Ajustes o "
        "cierra lo demás que funcione en ella."
    ),
    "slate-long": Said(
        "Tus espectadores llevan {duration} viendo tu imagen de espera: recupera el juego o diles cuándo vuelves."
    ),
    "slate-too-long": Said(
        "Tus espectadores llevan {duration} sin ver el juego: termina este LIVE o recupera la imagen; "
        "TikTok muestra a menos gente las pausas largas."
    ),
}

_LEFT_OUT_ES = {
    "preview": "la vista previa fluida",
    "looks": "las imágenes pequeñas de los estilos",
    "painter": "los cambios rápidos de texto en la imagen de espera",
    "preset": "la codificación más fina",
    "frames": "una parte de los fotogramas",
}


def told(problem: Problem, language: str) -> Problem:
    """The problem as it is said to somebody who reads `language`."""
    spanish = language.partition("-")[0] == "es"
    said = (_SPANISH if spanish else _ENGLISH).get(problem.code)
    if said is None:
        return problem
    node = str(problem.facts.get("node", ""))
    after_s = problem.facts.get("after-s", 0)
    text = said.text.format(
        node=node or "la capturadora",
        at_node=f" en {node}" if node else "",
        duration=_duration_es(after_s if isinstance(after_s, int) else 0),
        choose=problem.facts.get("choose", ""),
        left_out=", ".join(_LEFT_OUT_ES.get(name, name) for name in str(problem.facts.get("left-out", "")).split(",")),
    )
    return msgspec.structs.replace(problem, text=text or problem.text, hints=problem.hints or said.hints)


def _duration_es(seconds: int) -> str:
    if seconds >= 120 and seconds % 60 == 0:
        return f"{seconds // 60} minutos"
    return f"{seconds} segundo{'' if seconds == 1 else 's'}"
