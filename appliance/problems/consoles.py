"""What to try at the console, by its own menus' names, and at the cables."""

from __future__ import annotations

from appliance.model.words import Words

HDCP = (
    Words(
        "PS5: Settings > System > HDMI > Enable HDCP: off.",
        "PS5: Ajustes > Sistema > HDMI > Activar HDCP: desactivado.",
    ),
    Words("PS4: Settings > System > Enable HDCP: off.", "PS4: Ajustes > Sistema > Activar HDCP: desactivado."),
    Words(
        "Xbox and Switch: close the video app; games are not protected.",
        "Xbox y Switch: cierra la aplicación de vídeo; los juegos no están protegidos.",
    ),
)
MODE = (
    Words(
        "PS5: Settings > Screen and Video > Video Output > Resolution: 1080p.",
        "PS5: Ajustes > Pantalla y vídeo > Salida de vídeo > Resolución: 1080p.",
    ),
    Words(
        "Xbox: Settings > General > TV & display options > Resolution: 1080p, 60 Hz.",
        "Xbox: Configuración > General > Opciones de pantalla y TV > Resolución: 1080p, 60 Hz.",
    ),
    Words(
        "Switch: System Settings > TV Settings > TV Resolution: 1080p.",
        "Switch: Configuración de la consola > Ajustes del televisor > Resolución: 1080p.",
    ),
)
WAKE = (
    Words("PS5 and PS4: press the PS button on the controller.", "PS5 y PS4: pulsa el botón PS del mando."),
    Words("Xbox: press the Xbox button on the controller.", "Xbox: pulsa el botón Xbox del mando."),
    Words(
        "Switch: put it into its dock; the dock needs power, and the HDMI cable belongs into the dock's HDMI OUT.",
        "Switch: ponla en su base; la base necesita su adaptador de corriente y el cable va en su salida HDMI OUT.",
    ),
)
USB_PORT = Words(
    "Use another USB port of the box itself, not a hub.", "Usa otro puerto USB de la propia caja, sin concentrador."
)
USB_CABLE = Words("Try a shorter USB cable.", "Prueba un cable USB más corto.")
USB_3 = Words("A USB 3 card belongs into a blue USB 3 port.", "Una tarjeta USB 3 necesita un puerto USB 3 (azul).")
