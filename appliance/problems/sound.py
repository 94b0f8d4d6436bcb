"""What keeps the sound from coming, or from sounding well."""

from __future__ import annotations

from appliance.errors import NeedsOwner, Unavailable
from appliance.model.words import Words
from appliance.problems.entry import ProblemEntry

SOUND = {
    "no-sound-device": ProblemEntry(
        Unavailable,
        Words("The sound input {device} is not there.", "La entrada de sonido {device} no está."),
        short=Words("No sound input.", "No hay entrada de sonido."),
        fix="sound",
    ),
    "no-sound-library": ProblemEntry(
        Unavailable,
        Words("The sound library ALSA is missing on the box.", "Falta la biblioteca de sonido ALSA en la caja."),
    ),
    "sound-busy": ProblemEntry(
        Unavailable,
        Words("Another program uses the sound input.", "Otro programa usa la entrada de sonido."),
        fix="sound",
    ),
    "sound-stalled": ProblemEntry(
        Unavailable,
        Words(
            "No sound arrives. Does the console send it to the TV?", "No llega sonido. ¿Lo envía la consola a la tele?"
        ),
        fix="sound",
    ),
    "sound-rate": ProblemEntry(
        NeedsOwner,
        Words(
            "The sound comes at {khz} kHz. It is converted to 48.", "El sonido llega a {khz} kHz. Se convierte a 48."
        ),
        fix="sound",
    ),
    "unsupported-sound": ProblemEntry(
        NeedsOwner,
        Words(
            "The sound cannot be used. Set the console to stereo (linear PCM).",
            "El sonido no se puede usar. Pon la consola en estéreo (PCM lineal).",
        ),
        fix="sound",
    ),
    "no-sound": ProblemEntry(
        NeedsOwner,
        Words("No sound is chosen; viewers hear nothing.", "No hay sonido elegido; nadie oye nada."),
        fix="sound",
    ),
    "muted": ProblemEntry(
        NeedsOwner,
        Words("You have muted it.", "Lo has silenciado tú."),
    ),
    "silent": ProblemEntry(
        NeedsOwner,
        Words("It is silent right now. Start something with sound.", "Ahora no suena nada. Pon algo con sonido."),
        fix="sound",
    ),
    "mic-muted": ProblemEntry(
        NeedsOwner,
        Words("The microphone is muted.", "El micrófono está silenciado."),
        fix="sound",
    ),
    "mic-silent": ProblemEntry(
        NeedsOwner,
        Words("The microphone is silent.", "El micrófono no se oye."),
        fix="sound",
    ),
    "mic-loud": ProblemEntry(
        NeedsOwner,
        Words("The microphone is too loud and distorts.", "El micrófono está demasiado alto y distorsiona."),
        fix="sound",
    ),
    "sync-apart": ProblemEntry(
        NeedsOwner,
        Words("Sound and picture are apart.", "Sonido e imagen van separados."),
        fix="sound",
    ),
}
