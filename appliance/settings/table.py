"""What people are told of every setting: its name and group, what its choices mean, when a change takes effect.

It stands beside `model.config`, which says what a setting may be. A destination's settings are `destination.KEY` here,
whatever the destination is called.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from appliance.model.platforms.registry import PLATFORMS
from appliance.model.words import Words

type Needs = Literal["now", "after-live", "restart"]


@dataclass(frozen=True, slots=True)
class Choice:
    """One of the values that there are: its name, and what it does where that does not say itself."""

    label: Words
    about: Words | None = None


@dataclass(frozen=True, slots=True)
class About:
    """What people are told of a setting.

    `needs` is when a change takes effect; the panel shows at once what `is_everyday`, and the rest when asked. A choice
    without words is shown as it is written.
    """

    label: Words
    needs: Needs = "now"
    is_everyday: bool = False
    hint: Words | None = None
    choices: Mapping[str, Choice] = field(default_factory=dict)


GROUPS: Mapping[str, Words] = {
    "box": Words("Box", "Caja"),
    "panel": Words("This page", "Esta página"),
    "capture": Words("Console", "Consola"),
    "audio": Words("Sound", "Sonido"),
    "facecam": Words("Camera", "Cámara"),
    "picture": Words("Picture", "Imagen"),
    "encoder": Words("Encoder", "Codificador"),
    "destination": Words("Where you go LIVE", "Dónde sales en LIVE"),
    "record": Words("Recording", "Grabación"),
    "replay": Words("Clips", "Clips"),
    "slate": Words("Waiting picture", "Imagen de espera"),
    "chat": Words("Chat", "Chat"),
    "moderation": Words("What nobody shall see", "Lo que nadie debe ver"),
    "screen": Words("TV", "Tele"),
    "mqtt": Words("Home and venue (MQTT)", "Casa y local (MQTT)"),
    "uplink": Words("Internet test", "Prueba de internet"),
    "mdns": Words("Name", "Nombre"),
    "sign-in": Words("TikTok sign-in", "Entrada con TikTok"),
}
"""By the table of box.toml; `box` has what is in none."""

ABOUT: Mapping[str, About] = {
    "state-dir": About(Words("Directory for what is kept", "Directorio de lo que se guarda"), needs="restart"),
    "run-dir": About(Words("Directory for what runs", "Directorio de lo que corre"), needs="restart"),
    "language": About(Words("Language of the box", "Idioma de la caja"), is_everyday=True),
    "time-zone": About(Words("Time zone", "Zona horaria"), is_everyday=True),
    "panel.listen": About(Words("Address of this page", "Dirección de esta página"), needs="restart"),
    "panel.port": About(
        Words("Port of this page", "Puerto de esta página"),
        needs="restart",
        hint=Words("0 for any that is free.", "0 para uno libre cualquiera."),
    ),
    "panel.names": About(Words("Further names of the box", "Otros nombres de la caja"), needs="restart"),
    "panel.tls": About(Words("Secure page (https) alone", "Solo página segura (https)"), needs="restart"),
    "capture.device": About(Words("Capture card", "Capturadora"), is_everyday=True),
    "capture.audio": About(Words("Sound of the game", "Sonido del juego"), is_everyday=True),
    "capture.black-after-s": About(
        Words("Call it black after (seconds)", "Se llama negra tras (segundos)"),
        hint=Words("0 for never.", "0 para nunca."),
    ),
    "capture.input": About(
        Words("Port of the card", "Entrada de la capturadora"),
        is_everyday=True,
        hint=Words("-1 leaves it to the box.", "-1 se lo deja a la caja."),
    ),
    "audio.microphone": About(Words("Microphone", "Micrófono"), is_everyday=True),
    "audio.offset-ms": About(
        Words("Delay the sound (milliseconds)", "Retrasar el sonido (milisegundos)"),
        is_everyday=True,
        hint=Words("Less than 0 brings the sound forward.", "Menos de 0 adelanta el sonido."),
    ),
    "audio.gains.game": About(Words("Loudness of the game (dB)", "Volumen del juego (dB)"), is_everyday=True),
    "audio.gains.mic": About(Words("Loudness of the microphone (dB)", "Volumen del micrófono (dB)"), is_everyday=True),
    "facecam.device": About(Words("Camera for your face", "Cámara para tu cara"), is_everyday=True),
    "picture.size": About(Words("Picture size", "Tamaño de la imagen"), needs="after-live", is_everyday=True),
    "picture.fps": About(Words("Pictures a second", "Imágenes por segundo"), needs="after-live", is_everyday=True),
    "picture.look": About(
        Words("Look", "Estilo"),
        is_everyday=True,
        choices={
            "blur": Choice(
                Words("Blur", "Difuso"), Words("All of the game, soft edges", "Todo el juego, bordes suaves")
            ),
            "fill": Choice(
                Words("Fill", "Lleno"), Words("The middle, as large as it gets", "El centro, lo más grande posible")
            ),
            "split": Choice(Words("Split", "Partido"), Words("Game below your camera", "El juego bajo tu cámara")),
            "full": Choice(Words("Full", "Entero"), Words("All of the game, nothing else", "Todo el juego y nada más")),
        },
    ),
    "encoder.name": About(Words("Encoder", "Codificador"), needs="after-live"),
    "encoder.bitrate-kbps": About(
        Words("Most data a second (kb/s)", "Máximo de datos por segundo (kb/s)"), is_everyday=True
    ),
    "destination.*.enabled": About(Words("Go LIVE there", "Salir en LIVE ahí"), is_everyday=True),
    "destination.*.preset": About(
        Words("Kind", "Clase"),
        is_everyday=True,
        choices={
            "": Choice(Words("As its name says", "Según su nombre")),
            **{name: Choice(platform.title) for name, platform in PLATFORMS.items()},
        },
    ),
    "destination.*.server": About(Words("Server URL", "URL del servidor"), is_everyday=True),
    "destination.*.key-file": About(Words("File with the key", "Archivo con la clave")),
    "destination.*.ca-file": About(
        Words("File with a certificate authority", "Archivo con una autoridad de certificados")
    ),
    "record.enabled": About(Words("Record every LIVE", "Grabar cada LIVE"), is_everyday=True),
    "record.directory": About(Words("Directory of recordings", "Directorio de grabaciones"), needs="restart"),
    "record.keep-free-mb": About(Words("Leave free on the disk (MB)", "Dejar libre en el disco (MB)")),
    "record.when-full": About(
        Words("When the disk is full", "Cuando el disco esté lleno"),
        is_everyday=True,
        choices={
            "delete-oldest": Choice(Words("Delete the oldest", "Borrar lo más antiguo")),
            "stop": Choice(Words("Stop recording", "Dejar de grabar")),
        },
    ),
    "replay.seconds": About(
        Words("Seconds kept for clips", "Segundos guardados para clips"),
        is_everyday=True,
        hint=Words("0 for no clips.", "0 para no tener clips."),
    ),
    "slate.owner-name": About(
        Words("Your name on the waiting picture", "Tu nombre en la imagen de espera"), is_everyday=True
    ),
    "slate.warn-after-s": About(Words("Warn after (seconds without picture)", "Avisar tras (segundos sin imagen)")),
    "slate.suggest-end-after-s": About(Words("Suggest to end after (seconds)", "Sugerir terminar tras (segundos)")),
    "chat.source": About(
        Words("Chat from", "Chat desde"),
        is_everyday=True,
        choices={
            "none": Choice(Words("Nowhere", "Ningún sitio")),
            "tiktok": Choice(Words("TikTok", "TikTok")),
            "simulated": Choice(Words("A pretend crowd", "Un público inventado")),
            "replay": Choice(Words("A recording", "Una grabación")),
        },
    ),
    "chat.handle": About(Words("The same, for “Chat from: TikTok”", "Lo mismo, para «Chat desde: TikTok»")),
    "chat.log-days": About(
        Words("Keep what viewers said and gave (days)", "Guardar lo que dijo y dio el público (días)"),
        is_everyday=True,
        hint=Words("0 keeps nothing, and deletes what is kept.", "0 no guarda nada y borra lo guardado."),
    ),
    "chat.app-url": About(Words("Chat test address 1", "Dirección de prueba del chat 1"), needs="restart"),
    "chat.webcast-url": About(Words("Chat test address 2", "Dirección de prueba del chat 2"), needs="restart"),
    "chat.sign-url": About(Words("Chat test address 3", "Dirección de prueba del chat 3"), needs="restart"),
    "chat.tiktok.handle": About(
        Words("Your @name on TikTok", "Tu @nombre en TikTok"),
        is_everyday=True,
        hint=Words(
            "Unofficial, by Euler Stream's signing service: TikTok's terms forbid reading by programs. The risk is "
            "your account's.",
            "No es oficial, con el servicio de firma de Euler Stream: las normas de TikTok prohíben leer con "
            "programas. El riesgo es de tu cuenta.",
        ),
    ),
    "chat.tiktok.sign-key-file": About(
        Words("File with a key of Euler Stream", "Archivo con una clave de Euler Stream"),
        hint=Words("Optional: more visits in an hour.", "Opcional: más visitas por hora."),
    ),
    "chat.twitch.channel": About(
        Words("Twitch channel", "Canal de Twitch"),
        is_everyday=True,
        hint=Words("Read without an account.", "Se lee sin cuenta."),
    ),
    "chat.youtube.channel": About(
        Words("YouTube channel", "Canal de YouTube"),
        is_everyday=True,
        hint=Words(
            "@name or id. Needs an API key of yours in a file.",
            "@nombre o id. Necesita una clave de API tuya en un archivo.",
        ),
    ),
    "chat.youtube.video": About(
        Words("Only this video on YouTube", "Solo este vídeo de YouTube"),
        hint=Words("The 11 signs of its address.", "Los 11 signos de su dirección."),
    ),
    "chat.youtube.key-file": About(Words("File with the YouTube API key", "Archivo con la clave de API de YouTube")),
    "moderation.words": About(
        Words("Words to hide", "Palabras que ocultar"),
        is_everyday=True,
        hint=Words(
            "Tricks with letters are seen through. fox* also hides foxes.",
            "Se reconocen los trucos con letras. gato* oculta también gatos.",
        ),
    ),
    "moderation.hide-links": About(Words("Hide links", "Ocultar enlaces"), is_everyday=True),
    "moderation.hide-phone-numbers": About(Words("Hide phone numbers", "Ocultar teléfonos"), is_everyday=True),
    "moderation.hold": About(
        Words("Show comments only when you approve", "Mostrar comentarios solo si los apruebas"), is_everyday=True
    ),
    "moderation.hidden-platforms": About(Words("Platforms to hide", "Plataformas que ocultar")),
    "screen.enabled": About(Words("Show on the TV", "Mostrar en la tele"), needs="restart", is_everyday=True),
    "screen.card": About(Words("TV output", "Salida de la tele"), needs="restart"),
    "mqtt.enabled": About(Words("Tell MQTT", "Avisar por MQTT"), needs="restart", is_everyday=True),
    "mqtt.host": About(Words("MQTT server", "Servidor MQTT"), needs="restart"),
    "mqtt.port": About(Words("MQTT port", "Puerto MQTT"), needs="restart"),
    "mqtt.user": About(Words("MQTT user", "Usuario MQTT"), needs="restart"),
    "mqtt.password-file": About(
        Words("File with the MQTT password", "Archivo con la contraseña MQTT"), needs="restart"
    ),
    "mqtt.prefix": About(Words("MQTT topic", "Tema MQTT"), needs="restart"),
    "mqtt.tls": About(Words("MQTT encrypted", "MQTT cifrado"), needs="restart"),
    "mqtt.ca-file": About(Words("MQTT certificate authority", "Autoridad de certificados MQTT"), needs="restart"),
    "mdns.enabled": About(Words("Tell the name in your network", "Decir el nombre en tu red")),
    "mdns.name": About(Words("Name in your network", "Nombre en tu red")),
    "sign-in.client-key": About(Words("TikTok client key", "Clave de cliente de TikTok")),
    "sign-in.client-secret-file": About(Words("File with the TikTok secret", "Archivo con el secreto de TikTok")),
    "sign-in.api-url": About(Words("TikTok test address", "Dirección de prueba de TikTok")),
    "uplink.test-url": About(Words("Address of the internet test", "Dirección de la prueba de internet")),
}
