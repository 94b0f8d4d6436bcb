"""What is wrong on the way to a server, and with the internet."""

from __future__ import annotations

from appliance.errors import Invalid, NeedsOwner, Refused, Unavailable
from appliance.model.words import Words
from appliance.problems.entry import ProblemEntry

NETWORK = {
    "server-not-found": ProblemEntry(
        Unavailable,
        Words(
            "{host} cannot be found. Is the box on the internet?", "No se encuentra {host}. ¿Tiene internet la caja?"
        ),
        fix="paste",
    ),
    "server-unreachable": ProblemEntry(
        Unavailable,
        Words(
            "There is no way to {host}. Check cable or Wi-Fi.", "No hay camino hasta {host}. Revisa el cable o el wifi."
        ),
    ),
    "server-refused-connection": ProblemEntry(
        Unavailable,
        Words(
            "Nothing answers at {host}. Check the server URL.", "Nadie responde en {host}. Revisa la URL del servidor."
        ),
    ),
    "server-silent": ProblemEntry(
        Unavailable,
        Words(
            "{host} says nothing. It may be busy, not know the key, or be out of reach for large packets. The "
            "box keeps trying.",
            "{host} no dice nada. Quizá esté ocupado, no conozca la clave o no le lleguen los paquetes "
            "grandes. La caja lo sigue intentando.",
        ),
    ),
    "server-not-rtmp": ProblemEntry(
        Unavailable,
        Words(
            "{host} is no streaming server. Check the server URL, and whether this network wants a log-in first.",
            "{host} no es un servidor de emisión. Revisa la URL del servidor y si esta red pide que alguien "
            "entre antes.",
        ),
        fix="paste",
    ),
    "server-redirects": ProblemEntry(
        NeedsOwner,
        Words(
            "{host} sends the box on to {to}. Your key was not sent there. Copy the server URL again, or "
            "paste that one if it is right.",
            "{host} manda la caja a {to}. Tu clave no se envió allí. Copia otra vez la URL del servidor, o "
            "pega esa si es la buena.",
        ),
        fix="paste",
    ),
    "server-address-refused": ProblemEntry(
        NeedsOwner,
        Words(
            "{host} does not know this address. Copy server URL and key again.",
            "{host} no conoce esta dirección. Copia otra vez la URL y la clave.",
        ),
        fix="paste",
    ),
    "tls-failed": ProblemEntry(
        Unavailable,
        Words(
            "{host} does not speak securely at this address. Check the server URL, and whether this network "
            "wants a log-in first.",
            "{host} no habla de forma segura en esta dirección. Revisa la URL del servidor y si esta red pide "
            "que alguien entre antes.",
        ),
    ),
    "certificate-expired": ProblemEntry(
        Unavailable,
        Words(
            "The certificate of {host} has run out. Your key was not sent. Does this network want a log-in first?",
            "El certificado de {host} ha caducado. Tu clave no se envió. ¿Pide esta red que alguien entre antes?",
        ),
    ),
    "certificate-name": ProblemEntry(
        NeedsOwner,
        Words(
            "{host} shows somebody else's certificate. Your key was not sent. Does this network want a log-in "
            "first? Or compare the server URL.",
            "{host} muestra el certificado de otro. Tu clave no se envió. ¿Pide esta red que alguien entre "
            "antes? Si no, revisa la URL del servidor.",
        ),
    ),
    "certificate-untrusted": ProblemEntry(
        NeedsOwner,
        Words(
            "{host} cannot prove who it is. Your key was not sent. Does this network want a log-in first? Or "
            "try another one.",
            "{host} no puede demostrar quién es. Tu clave no se envió. ¿Pide esta red que alguien entre "
            "antes? Si no, prueba otra.",
        ),
    ),
    "clock-wrong": ProblemEntry(
        Unavailable,
        Words(
            "The box's clock is wrong, so no secure connection works. Connect the box to the internet and "
            "wait a minute.",
            "El reloj de la caja va mal. Conéctala a internet.",
        ),
        fix="clock",
    ),
    "connection-lost": ProblemEntry(
        Unavailable,
        Words(
            "The connection was lost. The box connects again.",
            "Se ha perdido la conexión. La caja se conecta otra vez.",
        ),
    ),
    "connection-stalled": ProblemEntry(
        Unavailable,
        Words(
            "The server takes nothing right now. The box connects again.",
            "El servidor no acepta nada ahora. La caja se conecta otra vez.",
        ),
    ),
    "internet-slow": ProblemEntry(
        Unavailable,
        Words(
            "Your internet is slow: picture made simpler, sound untouched.",
            "Tu internet va lento: imagen más sencilla, sonido intacto.",
        ),
    ),
    "uplink-address": ProblemEntry(
        Invalid,
        Words("The address of the internet test is wrong.", "La dirección de la prueba de internet está mal."),
    ),
    "uplink-busy": ProblemEntry(
        Refused,
        Words("No internet test while LIVE.", "Sin prueba de internet durante un LIVE."),
    ),
    "uplink-failed": ProblemEntry(
        Unavailable,
        Words("Your internet could not be tested.", "No se pudo probar tu internet."),
    ),
    "mqtt-away": ProblemEntry(
        Unavailable,
        Words("The MQTT server does not answer.", "El servidor MQTT no responde."),
    ),
    "mqtt-password": ProblemEntry(
        Refused,
        Words(
            "The MQTT password belongs to {host}. Only box.toml may name another server.",
            "La contraseña MQTT es de {host}. Solo box.toml puede nombrar otro servidor.",
        ),
    ),
    "name-taken": ProblemEntry(
        Unavailable,
        Words("Another machine has this name in your network.", "Otra máquina tiene este nombre en tu red."),
    ),
    "chat-resting": ProblemEntry(
        Unavailable,
        Words("Chat is resting, the stream is fine.", "El chat descansa, la emisión va bien."),
    ),
    "chat-unreachable": ProblemEntry(
        Unavailable,
        Words("{platform}: no answer. The box tries again.", "{platform}: sin respuesta. La caja lo intenta otra vez."),
        kinds={
            "certificate": Words(
                "Somebody else answers in place of the chat of {platform}. Is the box's clock right?",
                "Otro responde en lugar del chat de {platform}. ¿Va bien el reloj de la caja?",
            )
        },
    ),
    "chat-unknown": ProblemEntry(
        NeedsOwner,
        Words("{platform} knows no {name}.", "{platform} no conoce a {name}."),
    ),
    "chat-refused": ProblemEntry(
        Unavailable,
        Words("{platform} keeps its chat closed now.", "{platform} cierra su chat ahora."),
    ),
    "chat-offline": ProblemEntry(
        Unavailable,
        Words("{name} is not LIVE.", "{name} no está en LIVE."),
    ),
    "chat-limited": ProblemEntry(
        Unavailable,
        Words("{platform}: asked too often. The box waits.", "{platform}: demasiadas veces. La caja espera."),
    ),
    "chat-signing": ProblemEntry(
        Unavailable,
        Words("The way into TikTok's chat is closed now.", "La entrada al chat de TikTok está cerrada ahora."),
        kinds={
            "certificate": Words(
                "Somebody else answers in place of the service that lets the box into TikTok's chat.",
                "Otro responde en lugar del servicio que deja entrar en el chat de TikTok.",
            )
        },
    ),
    "chat-missing": ProblemEntry(
        NeedsOwner,
        Words("This box cannot read TikTok's chat yet.", "Esta caja aún no lee el chat de TikTok."),
    ),
    "chat-quota": ProblemEntry(
        Unavailable,
        Words("{platform}: today's questions are spent.", "{platform}: las consultas de hoy se han gastado."),
    ),
    "chat-closed": ProblemEntry(
        NeedsOwner,
        Words("This LIVE has no chat on {platform}.", "Este LIVE no tiene chat en {platform}."),
    ),
    "chat-key": ProblemEntry(
        NeedsOwner,
        Words("The key for the chat does not work.", "La clave para el chat no funciona."),
    ),
    "chat-strange": ProblemEntry(
        Unavailable,
        Words("{platform} is not understood. The box tries again.", "No se entiende a {platform}. La caja lo intenta."),
    ),
    "chat-lost": ProblemEntry(
        Unavailable,
        Words("{platform} was lost. The box connects again.", "Se ha perdido {platform}. La caja se conecta otra vez."),
    ),
    "chat-fault": ProblemEntry(
        Unavailable,
        Words("{platform} failed. The box tries again.", "{platform} ha fallado. La caja lo intenta otra vez."),
    ),
}
