"""What is wrong with the box itself, its settings and what it is asked."""

from __future__ import annotations

from appliance.errors import Invalid, NeedsOwner, Refused, Unavailable
from appliance.model.words import Words
from appliance.problems.entry import ProblemEntry

BOX = {
    "backup-empty": ProblemEntry(
        Refused,
        Words(
            "This file has no setting of the box.",
            "Este archivo no tiene ajustes de la caja.",
        ),
    ),
    "box-slow": ProblemEntry(
        Unavailable,
        Words(
            "The box is too slow and leaves out {left-out}. Choose {choose}, or end what else runs on it.",
            "La caja es demasiado lenta y deja fuera {left-out}. Elige {choose} o cierra lo demás que corra en ella.",
        ),
    ),
    "too-hot": ProblemEntry(
        Unavailable,
        Words("The box is hot. Give it air.", "La caja está caliente. Dale aire."),
    ),
    "under-voltage": ProblemEntry(
        NeedsOwner,
        Words(
            "The power supply is too weak. Use the one made for the box.",
            "El cargador es demasiado débil. Usa el de la caja.",
        ),
    ),
    "disk": ProblemEntry(
        Unavailable,
        Words(
            "The box cannot write to its disk, so a power cut would lose what you change now. It goes on and "
            "writes it later. Delete recordings or replace the card.",
            "La caja no puede escribir en su disco: un corte de luz borraría lo que cambies ahora. Sigue y lo "
            "escribirá después. Borra grabaciones o cambia la tarjeta.",
        ),
    ),
    "directory": ProblemEntry(
        Invalid,
        Words(
            "The box cannot write to one of its directories.", "La caja no puede escribir en uno de sus directorios."
        ),
    ),
    "file-unreadable": ProblemEntry(
        Unavailable,
        Words(
            "The box cannot read its file {file} and goes on without it. Check the card; if it stays, replace it.",
            "La caja no puede leer su archivo {file} y sigue sin él. Revisa la tarjeta; si no se arregla, cámbiala.",
        ),
    ),
    "config": ProblemEntry(
        Invalid,
        Words("A setting is wrong. Look at box.toml.", "Un ajuste está mal. Mira box.toml."),
    ),
    "setting": ProblemEntry(
        Invalid,
        Words("This value does not fit.", "Este valor no vale."),
    ),
    "setting-owners": ProblemEntry(
        Refused,
        Words("Only box.toml may set this.", "Solo box.toml puede cambiar esto."),
    ),
    "setting-unknown": ProblemEntry(
        Refused,
        Words("A setting of another version is left out.", "Se deja fuera un ajuste de otra versión."),
    ),
    "panel-settings-broken": ProblemEntry(
        NeedsOwner,
        Words(
            "What was set on this page cannot be read. Set it again.",
            "Lo ajustado en esta página no se puede leer. Ajústalo otra vez.",
        ),
    ),
    "not-in-this-version": ProblemEntry(
        Refused,
        Words(
            "{path} asks for something that this version cannot do yet.",
            "{path} pide algo que esta versión aún no sabe hacer.",
        ),
    ),
    "panel-port": ProblemEntry(
        Invalid,
        Words(
            "Port {port} is not allowed here. Choose one from 1024 on.",
            "El puerto {port} no se permite aquí. Elige uno desde 1024.",
        ),
    ),
    "hw-profile": ProblemEntry(
        Invalid,
        Words(
            "A hardware profile is wrong. Correct the file in hw-profiles.",
            "Un perfil de hardware está mal. Corrige el archivo de hw-profiles.",
        ),
    ),
    "command": ProblemEntry(
        Invalid,
        Words("This version of the box does not know that.", "Esta versión de la caja no conoce eso."),
    ),
    "request": ProblemEntry(
        Invalid,
        Words("The box did not understand this page.", "La caja no entendió esta página."),
    ),
    "not-json": ProblemEntry(
        Invalid,
        Words("The box did not understand this page.", "La caja no entendió esta página."),
    ),
    "not-found": ProblemEntry(
        Unavailable,
        Words("There is nothing here.", "Aquí no hay nada."),
    ),
    "live-is-on": ProblemEntry(
        Refused,
        Words("Not while you are LIVE. End it first.", "No mientras estás en LIVE. Termínalo antes."),
    ),
    "no-alerts": ProblemEntry(
        Refused,
        Words("This version has no alerts to mute.", "Esta versión no tiene alertas que silenciar."),
    ),
    "no-message": ProblemEntry(
        Invalid,
        Words("This message is hidden or gone.", "Este mensaje está oculto o ya no está."),
        is_answer=True,
    ),
    "log-not-kept": ProblemEntry(
        Unavailable,
        Words(
            "The log of the LIVE cannot be kept: {reason}.",
            "No se puede guardar el registro del LIVE: {reason}.",
        ),
    ),
    "log-damaged": ProblemEntry(
        Unavailable,
        Words(
            "The log of your LIVEs was damaged. A new one has begun.",
            "El registro de tus LIVE estaba dañado. Ha empezado uno nuevo.",
        ),
    ),
    "log-away": ProblemEntry(
        Unavailable,
        Words(
            "The log cannot be read right now. Try again.", "Ahora no se puede leer el registro. Inténtalo otra vez."
        ),
        is_answer=True,
    ),
    "no-such-live": ProblemEntry(
        Refused,
        Words("This LIVE is not in the log.", "Este LIVE no está en el registro."),
        is_answer=True,
    ),
    "log-file": ProblemEntry(
        Invalid,
        Words("This is no log of a LIVE.", "Eso no es el registro de un LIVE."),
        is_answer=True,
    ),
    "replay-not-wanted": ProblemEntry(
        Unavailable,
        Words("The box waits for no log.", "La caja no espera ningún registro."),
        is_answer=True,
    ),
    "nothing-to-undo": ProblemEntry(
        Refused,
        Words("It has ended already.", "Ya ha terminado."),
    ),
    "after-live": ProblemEntry(
        Refused,
        Words("This change is used from the next LIVE on.", "Este cambio vale desde el próximo LIVE."),
    ),
    "asked-too-late": ProblemEntry(
        Unavailable,
        Words("The box was too busy. Try again.", "La caja estaba demasiado ocupada. Inténtalo otra vez."),
    ),
    "protocol": ProblemEntry(
        Invalid,
        Words(
            "Two parts of the box have different versions. Restart it.",
            "Dos partes de la caja tienen versiones distintas. Reiníciala.",
        ),
    ),
    "socket-failed": ProblemEntry(
        Unavailable,
        Words(
            "The engine cannot open its socket. Make run-dir writable, or its path shorter.",
            "El motor no puede abrir su socket. Da permiso de escritura a run-dir o acorta su ruta.",
        ),
    ),
    "already-running": ProblemEntry(
        Refused,
        Words(
            "Plugcast runs already in this directory. Stop the other one first.",
            "Plugcast ya funciona en este directorio. Para antes el otro.",
        ),
    ),
    "box-is-running": ProblemEntry(
        Refused,
        Words("The box is running. Stop it first.", "La caja está en marcha. Párala antes."),
    ),
    "demo-failed": ProblemEntry(
        Unavailable,
        Words(
            "The demo did not come up. The lines above say why.",
            "La demo no arrancó. Las líneas de arriba dicen por qué.",
        ),
    ),
}
