"""What is wrong with where a live goes: servers' addresses, keys, the account."""

from __future__ import annotations

from appliance.errors import Invalid, NeedsOwner, Refused, Unavailable
from appliance.model.words import Words
from appliance.problems.entry import ProblemEntry

DESTINATION = {
    "needs-key": ProblemEntry(
        NeedsOwner,
        Words("Paste today's key first.", "Pega antes la clave de hoy."),
        short=Words("Paste today's key.", "Pega la clave de hoy."),
        fix="paste",
    ),
    "needs-server": ProblemEntry(
        NeedsOwner,
        Words("Paste the server URL too.", "Pega también la URL del servidor."),
        fix="paste",
    ),
    "no-destination": ProblemEntry(
        NeedsOwner,
        Words("Nothing is switched on to go LIVE to.", "No hay nada encendido donde salir en LIVE."),
        fix="destinations",
    ),
    "no-such-destination": ProblemEntry(
        Invalid,
        Words("There is no such place to go LIVE to.", "No existe ese sitio donde salir en LIVE."),
    ),
    "destination-stays": ProblemEntry(
        Refused,
        Words("This one cannot be removed; switch it off instead.", "Este no se puede quitar; apágalo."),
    ),
    "too-many-destinations": ProblemEntry(
        Refused,
        Words(
            "This box sends to at most {most} destinations. Remove one first.",
            "La caja emite a {most} destinos como mucho. Quita uno antes.",
        ),
    ),
    "paste": ProblemEntry(
        Invalid,
        Words(
            "There is no key in this. Copy server URL and stream key again and paste only these.",
            "Aquí no hay ninguna clave. Copia otra vez URL y clave, y pega solo eso.",
        ),
        fix="paste",
        kinds={
            "torn": Words(
                "A space or a line break stands within the key, so a piece would be missing. Copy it again with the "
                "page's own Copy button.",
                "Hay un espacio o un salto de línea dentro de la clave y faltaría un trozo. Cópiala otra vez con el "
                "botón Copiar de la página.",
            ),
            "damaged": Words(
                "A character in this key cannot belong to a key, such as a long dash. Copy it again with the page's "
                "own Copy button.",
                "Esta clave tiene un carácter que no va en una clave, como un guion largo. Cópiala otra vez con "
                "el botón Copiar de la página.",
            ),
            "keys": Words(
                "There are two keys in this, which end in {ends}. Paste only one.",
                "Aquí hay dos claves, que acaban en {ends}. Pega solo una.",
            ),
            "urls": Words(
                "There are two addresses in this. Paste one server URL and one key.",
                "Aquí hay dos direcciones. Pega una URL de servidor y una clave.",
            ),
            "page": Words(
                "This is a web page, not a server. Copy the server URL and the key from that page.",
                "Esto es una página web, no un servidor. Copia de esa página la URL del servidor y la clave.",
            ),
            "no-key": Words(
                "This does not look like a stream key, so what was there stays. Copy the key again; if it is one, "
                "paste the server URL with it.",
                "Esto no parece una clave, así que queda lo que había. Copia la clave otra vez; si lo es, pégala junto "
                "con la URL del servidor.",
            ),
        },
    ),
    "paste-elsewhere": ProblemEntry(
        Invalid,
        Words("This is for {title}, not for {here}.", "Esto es para {title}, no para {here}."),
    ),
    "paste-typo": ProblemEntry(
        Invalid,
        Words("That looks mistyped. Copy it again.", "Eso parece mal escrito. Cópialo otra vez."),
        kinds={
            "scheme": Words(
                "The server URL is mistyped. Did you mean {suggestion}?",
                "La URL del servidor está mal escrita. ¿Querías decir {suggestion}?",
            ),
            "host": Words(
                "The server's name is mistyped. Did you mean {suggestion}?",
                "El nombre del servidor está mal escrito. ¿Querías decir {suggestion}?",
            ),
            "no-app": Words(
                "The server URL lacks its last part. Copy all of it again.",
                "A la URL del servidor le falta el final. Cópiala entera otra vez.",
            ),
            "key-as-server": Words(
                "The key stands where the server URL belongs. Paste the server URL first, the key after it.",
                "La clave está donde va la URL del servidor. Pega antes la URL y detrás la clave.",
            ),
            "protocol": Words(
                'The server URL must start with "rtmp://" or "rtmps://".',
                'La URL del servidor debe empezar por "rtmp://" o "rtmps://".',
            ),
        },
    ),
    "server": ProblemEntry(
        Invalid,
        Words(
            "This server URL cannot be used. Copy it again.", "Esta URL de servidor no se puede usar. Cópiala otra vez."
        ),
        fix="paste",
    ),
    "server-address-wrong": ProblemEntry(
        Invalid,
        Words("The server URL is wrong. Copy it again.", "La URL del servidor está mal. Cópiala otra vez."),
        fix="paste",
    ),
    "key-expired": ProblemEntry(
        NeedsOwner,
        Words("This key has run out. Get a new one and paste it.", "Esta clave ha caducado. Consigue otra y pégala."),
        fix="paste",
    ),
    "key-file": ProblemEntry(
        NeedsOwner,
        Words(
            "The file with the key cannot be read. Paste the key here instead.",
            "No se puede leer el archivo con la clave. Pega la clave aquí.",
        ),
        fix="paste",
    ),
    "key-used": ProblemEntry(
        NeedsOwner,
        Words(
            "This key was used in a LIVE that ended. Get a new one.",
            "Esta clave se usó en un LIVE que terminó. Consigue otra.",
        ),
    ),
    "key-ends-soon": ProblemEntry(
        NeedsOwner,
        Words("The key ends within 10 minutes.", "La clave caduca en menos de 10 minutos."),
    ),
    "key-elsewhere": ProblemEntry(
        NeedsOwner,
        Words(
            "This key belongs to {host}. Paste the key of {new}.", "Esta clave es de {host}. Pega la clave de {new}."
        ),
        fix="paste",
    ),
    "stream-key-missing": ProblemEntry(
        Invalid,
        Words("Paste the key first.", "Pega antes la clave."),
        fix="paste",
    ),
    "stream-key-wrong": ProblemEntry(
        Invalid,
        Words("This is no stream key. Copy it again.", "Esto no es una clave. Cópiala otra vez."),
        fix="paste",
    ),
    "stream-key-refused": ProblemEntry(
        NeedsOwner,
        Words(
            "{destination} asks for a new key. Paste it; until then the box keeps trying the old one.",
            "{destination} pide otra clave. Pégala; hasta entonces la caja sigue intentándolo con la anterior.",
        ),
        short=Words("Paste a new key.", "Pega una clave nueva."),
        fix="paste",
    ),
    "stream-key-busy": ProblemEntry(
        Unavailable,
        Words(
            "Somebody streams with this key already. The box keeps trying; stop the other device, or paste a new key.",
            "Alguien ya emite con esta clave. La caja lo sigue intentando; para el otro dispositivo o pega otra clave.",
        ),
        fix="paste",
    ),
    "live-ended-there": ProblemEntry(
        NeedsOwner,
        Words("{platform} has ended this LIVE. Paste a new key.", "{platform} terminó este LIVE. Pega otra clave."),
        fix="paste",
        kinds={
            "suspended": Words(
                "{platform} has suspended this LIVE: nobody sees it. Look in its app what it says to you.",
                "{platform} ha suspendido este LIVE: nadie lo ve. Mira en su app qué dice.",
            )
        },
    ),
    "live-paused-there": ProblemEntry(
        Unavailable,
        Words("{platform} says this LIVE is paused.", "{platform} dice que este LIVE está en pausa."),
    ),
    "platform-ended-live": ProblemEntry(
        NeedsOwner,
        Words(
            "{destination} has ended this LIVE. Start a new one there and paste its key.",
            "{destination} ha terminado este LIVE. Empieza otro allí y pega su clave.",
        ),
        fix="paste",
    ),
    "ca-file-missing": ProblemEntry(
        Invalid,
        Words("The certificate file {file} is not there.", "El archivo de certificado {file} no está."),
    ),
    "ca-file-wrong": ProblemEntry(
        NeedsOwner,
        Words("The certificate file {file} cannot be used.", "El archivo de certificado {file} no sirve."),
    ),
    "sign-in-failed": ProblemEntry(
        Unavailable,
        Words(
            "Signing in with TikTok did not work. Try again.", "La entrada con TikTok no funcionó. Inténtalo otra vez."
        ),
    ),
    "sign-in-off": ProblemEntry(
        NeedsOwner,
        Words("Signing in with TikTok is not set up.", "La entrada con TikTok no está preparada."),
    ),
}
