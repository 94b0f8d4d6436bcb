"""What is wrong with recordings, clips and disks that they are copied to."""

from __future__ import annotations

from appliance.errors import Invalid, Refused, Unavailable
from appliance.model.words import Words
from appliance.problems.entry import ProblemEntry

RECORDING = {
    "disk-full": ProblemEntry(
        Unavailable,
        Words(
            "The disk is full, so nothing is recorded. Delete some recordings.",
            "El disco está lleno y no se graba nada. Borra algunas grabaciones.",
        ),
        fix="room",
    ),
    "disk-slow": ProblemEntry(
        Unavailable,
        Words(
            "The disk is too slow for recording. Use a faster one.",
            "El disco es demasiado lento para grabar. Usa otro más rápido.",
        ),
    ),
    "directory-unwritable": ProblemEntry(
        Unavailable,
        Words(
            "Recordings cannot be written there. Choose another directory.",
            "Ahí no se puede grabar. Elige otro directorio.",
        ),
    ),
    "record-failed": ProblemEntry(
        Unavailable,
        Words("Recording failed. The stream goes on.", "La grabación falló. La emisión sigue."),
    ),
    "recording-name": ProblemEntry(
        Invalid,
        Words("That is not the name of a recording.", "Ese no es el nombre de una grabación."),
    ),
    "no-such-recording": ProblemEntry(
        Refused,
        Words("This recording is not there any more.", "Esa grabación ya no está."),
    ),
    "no-such-part": ProblemEntry(
        Invalid,
        Words("This part of the recording is not there.", "Esa parte de la grabación no está."),
    ),
    "clip-failed": ProblemEntry(
        Unavailable,
        Words("The clip could not be made. Try again.", "No se pudo hacer el clip. Inténtalo otra vez."),
    ),
    "nothing-to-clip": ProblemEntry(
        Refused,
        Words(
            "There is nothing to make a clip of yet. Wait a few seconds.",
            "Aún no hay nada para un clip. Espera unos segundos.",
        ),
        fix="room",
        kinds={
            "off": Words(
                "Clips are off: 0 seconds are kept for them. Choose more in All settings.",
                "Los clips están apagados: se guardan 0 segundos. Elige más en Todos los ajustes.",
            ),
        },
    ),
    "no-such-disk": ProblemEntry(
        Refused,
        Words("This disk is not plugged in.", "Este disco no está conectado."),
    ),
    "export-running": ProblemEntry(
        Refused,
        Words("Recordings are being copied already.", "Ya se están copiando grabaciones."),
    ),
    "export-no-room": ProblemEntry(
        Refused,
        Words("There is no room on the USB disk.", "No hay sitio en el disco USB."),
    ),
    "export-too-large": ProblemEntry(
        Refused,
        Words("A recording is too large for this USB disk.", "Una grabación es demasiado grande para este disco USB."),
    ),
    "export-failed": ProblemEntry(
        Unavailable,
        Words("Copying failed. Is the disk still there?", "La copia falló. ¿Sigue ahí el disco?"),
    ),
}
