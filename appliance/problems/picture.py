"""What keeps the console's picture from coming, or from being made."""

from __future__ import annotations

from appliance.errors import Invalid, NeedsOwner, Unavailable
from appliance.model.words import Words
from appliance.problems.consoles import HDCP, MODE, USB_3, USB_CABLE, USB_PORT, WAKE
from appliance.problems.entry import ProblemEntry

PICTURE = {
    "getting-ready": ProblemEntry(
        Unavailable,
        Words("Getting ready.", "Preparándose."),
    ),
    "no-device": ProblemEntry(
        Unavailable,
        Words(
            "No capture card is there. Plug it in and wait a few seconds.",
            "No hay capturadora. Conéctala y espera unos segundos.",
        ),
        short=Words("No capture card. Plug it in.", "No hay capturadora. Conéctala."),
        hints=(USB_3,),
        fix="device",
    ),
    "device-busy": ProblemEntry(
        Unavailable,
        Words(
            "Another program uses the capture card. Close it (OBS, a browser).",
            "Otro programa usa la capturadora. Ciérralo (OBS, un navegador).",
        ),
        fix="device",
    ),
    "no-permission": ProblemEntry(
        NeedsOwner,
        Words("Plugcast may not open {node}.", "Plugcast no puede abrir {node}."),
    ),
    "not-a-capture": ProblemEntry(
        NeedsOwner,
        Words("{node} is no capture card. Choose another.", "{node} no es una capturadora. Elige otra."),
        fix="device",
    ),
    "no-cable": ProblemEntry(
        Unavailable,
        Words(
            "No console is connected. Check the HDMI cable.", "No hay ninguna consola conectada. Revisa el cable HDMI."
        ),
        hints=(
            Words(
                "The cable goes from the console's HDMI OUT to the capture card's HDMI IN.",
                "El cable va de la salida HDMI OUT de la consola a la entrada HDMI IN de la capturadora.",
            ),
            Words(
                "Switch: the HDMI cable belongs into the dock's HDMI OUT, and the dock needs its power supply.",
                "Switch: el cable va en la salida HDMI OUT de la base, y la base necesita su adaptador de corriente.",
            ),
            Words(
                "Some consoles switch their HDMI off while they sleep: wake the console.",
                "Algunas consolas apagan su HDMI en reposo: enciende la consola.",
            ),
        ),
    ),
    "no-signal": ProblemEntry(
        Unavailable,
        Words(
            "The cable is in, but the console sends nothing. Switch it on.",
            "El cable está puesto, pero la consola no envía nada. Enciéndela.",
        ),
        short=Words("No picture from the console. Is it on?", "No llega imagen de la consola. ¿Está encendida?"),
        hints=(
            *WAKE,
            HDCP[0],
        ),
    ),
    "no-lock": ProblemEntry(
        Unavailable,
        Words(
            "The capture card cannot hold the picture. Wait a moment, or try another cable.",
            "La capturadora no logra fijar la imagen. Espera un momento o prueba otro cable.",
        ),
        short=Words("The picture is not steady yet.", "La imagen aún no es estable."),
        hints=(
            Words(
                "Try a shorter HDMI cable, without a splitter or switch between.",
                "Prueba un cable HDMI más corto, sin divisor ni conmutador.",
            ),
            *HDCP[:2],
        ),
    ),
    "out-of-range": ProblemEntry(
        NeedsOwner,
        Words(
            "The console sends a picture that is too large. Set it to 1080p and 60 Hz.",
            "La consola envía una imagen demasiado grande. Ponla a 1080p y 60 Hz.",
        ),
        hints=MODE,
    ),
    "unsupported-format": ProblemEntry(
        NeedsOwner,
        Words(
            "The picture of the console cannot be used. Set it to 1080p.",
            "La imagen de la consola no se puede usar. Ponla a 1080p.",
        ),
        hints=MODE,
    ),
    "black": ProblemEntry(
        NeedsOwner,
        Words(
            "The console sends only black. It may protect its picture: switch HDCP off in its settings.",
            "La consola solo envía negro. Quizá protege su imagen: desactiva HDCP en sus ajustes.",
        ),
        short=Words(
            "The picture is black. The console may protect it (HDCP).",
            "La imagen es negra. Quizá la consola la protege (HDCP).",
        ),
        hints=HDCP,
    ),
    "stalled": ProblemEntry(
        Unavailable,
        Words(
            "The picture stopped. If it stays, unplug the capture card and plug it in.",
            "La imagen se ha parado. Si sigue así, desconecta la capturadora y conéctala otra vez.",
        ),
        short=Words("The picture stopped.", "La imagen se ha parado."),
        hints=(
            USB_PORT,
            Words("Is the card too hot to touch?", "¿Está la capturadora demasiado caliente?"),
        ),
    ),
    "usb-error": ProblemEntry(
        Unavailable,
        Words(
            "The capture card has a USB fault. Try another USB port or cable.",
            "La capturadora tiene un fallo de USB. Prueba otro puerto o cable.",
        ),
        hints=(
            USB_PORT,
            USB_CABLE,
        ),
    ),
    "usb-full": ProblemEntry(
        Unavailable,
        Words(
            "The USB bus has no room for this picture. Give the device a USB port of its own.",
            "El bus USB no tiene sitio para esta imagen. Dale al aparato un puerto USB propio.",
        ),
        hints=(
            Words(
                "Put the capture card and the camera into USB ports of different colours, without a hub.",
                "Conecta la capturadora y la cámara en puertos USB de distinto color, sin concentrador.",
            ),
            USB_3,
        ),
    ),
    "unreadable": ProblemEntry(
        Unavailable,
        Words(
            "The picture arrives damaged. Try another USB port or cable.",
            "La imagen llega dañada. Prueba otro puerto o cable USB.",
        ),
        hints=(
            USB_PORT,
            USB_CABLE,
        ),
    ),
    "small-mode": ProblemEntry(
        NeedsOwner,
        Words(
            "The console sends a small or slow picture. Set it to 1080p, 60 Hz.",
            "La consola envía una imagen pequeña o lenta. Ponla a 1080p y 60 Hz.",
        ),
    ),
    "bad-edid": ProblemEntry(
        Invalid,
        Words(
            "The display data (EDID) for the capture card is unusable. Take it out of the settings.",
            "Los datos de pantalla (EDID) de la capturadora no valen. Quítalos de los ajustes.",
        ),
    ),
    "name-refused": ProblemEntry(
        Invalid,
        Words(
            "Only box.toml may name {name}. Choose from the list.",
            "Solo box.toml puede nombrar {name}. Elige de la lista.",
        ),
    ),
    "slate-long": ProblemEntry(
        NeedsOwner,
        Words(
            "Viewers have seen your waiting picture for {after-s} s. Bring the game back, or tell them when you will.",
            "Llevan {after-s} s viendo tu imagen de espera. Recupera el juego o di cuándo vuelves.",
        ),
    ),
    "slate-too-long": ProblemEntry(
        NeedsOwner,
        Words(
            "Viewers have seen no game for {after-s} s. End this LIVE or bring the picture back.",
            "Hace {after-s} s que no se ve el juego. Termina este LIVE o recupera la imagen.",
        ),
    ),
    "no-painter": ProblemEntry(
        Unavailable,
        Words(
            "The waiting picture has no words: fonts are missing on the box.",
            "La imagen de espera no tiene palabras: faltan tipos de letra en la caja.",
        ),
    ),
    "no-preview": ProblemEntry(
        Unavailable,
        Words("There is no picture yet. The box is starting.", "Aún no hay imagen. La caja está arrancando."),
    ),
    "no-live-preview": ProblemEntry(
        Unavailable,
        Words("Nothing is being sent.", "No se envía nada."),
    ),
    "encoder-failed": ProblemEntry(
        Unavailable,
        Words(
            "Making the picture failed. The box starts it again.",
            "Falló al hacer la imagen. La caja lo intenta otra vez.",
        ),
    ),
    "encoder-unavailable": ProblemEntry(
        Unavailable,
        Words(
            "The chosen encoder {encoder} does not work here; another one is used.",
            "El codificador {encoder} no funciona aquí; se usa otro.",
        ),
    ),
    "encoder-untried": ProblemEntry(
        Unavailable,
        Words(
            "The box could not try its encoders ({why}) and uses the one that works everywhere. It tries "
            "again by itself; if this stays, restart the box.",
            "La caja no pudo probar sus codificadores ({why}) y usa el que funciona en todas partes. Lo "
            "intenta otra vez sola; si esto sigue, reinicia la caja.",
        ),
    ),
    "engine-not-running": ProblemEntry(
        Unavailable,
        Words(
            "The picture part is starting. Wait ten seconds.",
            "La parte de la imagen está arrancando. Espera diez segundos.",
        ),
    ),
    "engine-silent": ProblemEntry(
        Unavailable,
        Words(
            "The picture part says nothing. It is started again by itself.",
            "La parte de la imagen no dice nada. Se reinicia sola.",
        ),
    ),
    "test-format": ProblemEntry(
        Invalid,
        Words(
            "The test console cannot give this picture. Choose an even size and 60, 30 or 20 pictures a second.",
            "La consola de prueba no puede dar esta imagen. Elige un tamaño par y 60, 30 o 20 imágenes por segundo.",
        ),
    ),
}
