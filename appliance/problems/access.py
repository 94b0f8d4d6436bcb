"""Why somebody is not let in, and what owners are told of those who come."""

from __future__ import annotations

from appliance.errors import Invalid, NeedsOwner, Refused, Unavailable
from appliance.model.words import Words
from appliance.problems.entry import ProblemEntry

ACCESS = {
    "not-paired": ProblemEntry(
        Refused,
        Words(
            "This phone was removed from the box, or was away for long.",
            "Quitaron este móvil de la caja o faltó mucho.",
        ),
    ),
    "viewer-only": ProblemEntry(
        Refused,
        Words("You may only look. Ask an owner.", "Tú solo puedes mirar. Pídelo a un dueño."),
    ),
    "helper-only": ProblemEntry(
        Refused,
        Words(
            "You may hide and pin in the chat. Ask an owner for more.",
            "Puedes ocultar y fijar en el chat. Para más, pídelo a un dueño.",
        ),
    ),
    "link-used": ProblemEntry(
        Refused,
        Words(
            "This link does not work any more. Type the PIN.",
            "Este enlace ya no vale. Escribe el PIN.",
        ),
        kinds={
            "used": Words(
                "This link was used already: it works once. Type the PIN that the box shows.",
                "Este enlace ya se usó: vale una vez. Escribe el PIN que muestra la caja.",
            ),
            "replaced": Words(
                "A newer link has taken the place of this one. Type the PIN that the box shows.",
                "Un enlace más nuevo ha sustituido a este. Escribe el PIN que muestra la caja.",
            ),
            "ended": Words(
                "Somebody came in since, and with that this link ended. Type the PIN that the box shows.",
                "Alguien entró después y con eso este enlace acabó. Escribe el PIN que muestra la caja.",
            ),
            "expired": Words(
                "This invitation has run out after ten minutes. Ask for a new one, or type the PIN that the box shows.",
                "Esta invitación caducó a los diez minutos. Pide otra o escribe el PIN que muestra la caja.",
            ),
            "unknown": Words(
                "This link does not work, or not any more. Type the PIN that the box shows.",
                "Este enlace no vale, o ya no. Escribe el PIN que muestra la caja.",
            ),
        },
    ),
    "wrong-pin": ProblemEntry(
        Refused,
        Words(
            "This is not the PIN that the box shows. After five wrong ones it changes.",
            "Ese no es el PIN que muestra la caja. Tras cinco errores cambia.",
        ),
    ),
    "no-pin": ProblemEntry(
        Unavailable,
        Words("This box shows no PIN. Use the link.", "Esta caja no muestra PIN. Usa el enlace."),
    ),
    "wrong-password": ProblemEntry(
        Refused,
        Words("This is not the password.", "Esa no es la contraseña."),
    ),
    "no-password": ProblemEntry(
        Refused,
        Words(
            "This box has no password. Use the QR code or the PIN.",
            "Esta caja no tiene contraseña. Usa el código QR o el PIN.",
        ),
    ),
    "password-given": ProblemEntry(
        Refused,
        Words("There is a password. Use it, or the QR code.", "Hay una contraseña. Úsala, o el código QR."),
    ),
    "password-length": ProblemEntry(
        Invalid,
        Words("A password has 10 to 256 characters.", "Una contraseña tiene de 10 a 256 caracteres."),
    ),
    "too-many-tries": ProblemEntry(
        Refused,
        Words("Too many wrong tries. Wait a little.", "Demasiados intentos fallidos. Espera un poco."),
    ),
    "waits-its-turn": ProblemEntry(
        Refused,
        Words(
            "Somebody guesses at this box, so guesses wait for their turn. Yours is kept.",
            "Alguien prueba claves en esta caja, así que hay que esperar turno. El tuyo está guardado.",
        ),
    ),
    "no-such-session": ProblemEntry(
        Refused,
        Words("This phone is not in the list any more.", "Este móvil ya no está en la lista."),
    ),
    "token-name": ProblemEntry(
        Invalid,
        Words(
            "This name cannot be used for a token. Choose another.", "Este nombre no vale para un token. Elige otro."
        ),
    ),
    "new-owner": ProblemEntry(
        NeedsOwner,
        Words(
            "{name} is a new owner of this box. If you do not know it, remove it.",
            "{name} es dueño nuevo de esta caja. Si no lo conoces, quítalo.",
        ),
        fix="phones",
    ),
    "guessing": ProblemEntry(
        NeedsOwner,
        Words(
            "Somebody guesses the PIN or the password of this box: {count} wrong ones, the last from {client}.",
            "Alguien prueba el PIN o la contraseña de esta caja: {count} fallos, el último desde {client}.",
        ),
        fix="phones",
    ),
    "foreign-origin": ProblemEntry(
        Refused,
        Words(
            "Another website tried to use the box. Open this page by its own address.",
            "Otra web intentó usar la caja. Abre esta página por su propia dirección.",
        ),
    ),
    "wrong-host": ProblemEntry(
        Refused,
        Words(
            "The box does not answer to this name. Use its own address.",
            "La caja no responde a este nombre. Usa su propia dirección.",
        ),
    ),
    "needs-https": ProblemEntry(
        Refused,
        Words("This box wants the secure address (https).", "Esta caja quiere la dirección segura (https)."),
    ),
    "asks-too-much": ProblemEntry(
        Refused,
        Words(
            "This phone asks for too much at once. Close some pages of the box.",
            "Este móvil pide demasiado a la vez. Cierra algunas páginas de la caja.",
        ),
    ),
    "too-many-readers": ProblemEntry(
        Unavailable,
        Words("Too many pages watch this box. Close some.", "Demasiadas páginas miran esta caja. Cierra algunas."),
    ),
    "too-slow": ProblemEntry(
        Refused,
        Words("That came too slowly. Go closer to the Wi-Fi.", "Eso llegó demasiado lento. Acércate al wifi."),
    ),
    "too-large": ProblemEntry(
        Invalid,
        Words("That is too much at once.", "Eso es demasiado de una vez."),
    ),
    "qr-text": ProblemEntry(
        Invalid,
        Words("This is too long for a QR code.", "Esto es demasiado largo para un código QR."),
    ),
}
