"""Every way to fail, sorted by what happens next.

`Invalid`: fix what you sent. `Refused`: right, but not now. `Unavailable`: the world is not ready, we keep
trying. `NeedsOwner`: a person must act. Anything else is a bug: it ends the process and the supervisor
restarts it. In State and across sockets an error is a `model.problem.Problem` value instead.
"""

type Fact = str | int | float | bool


class PlugcastError(Exception):
    """A failure with a stable code (a page in docs/problems), facts, and one sentence for people.

    `code` names what is wrong; `facts` are the values a translated sentence needs; `str()` is one line of
    English that says what is wrong and what to do. None of them may ever carry a secret.
    """

    http_status = 500

    def __init__(self, code: str, sentence: str, **facts: Fact) -> None:
        super().__init__(sentence)
        self.code = code
        self.facts: dict[str, Fact] = facts


class Invalid(PlugcastError):
    """What was sent or configured is wrong and stays wrong until it is changed (422, exit 2)."""

    http_status = 422


class Refused(PlugcastError):
    """A right request at the wrong moment (409)."""

    http_status = 409


class Unavailable(PlugcastError):
    """The world is not ready: a cable, a server, a disk. We keep trying (503)."""

    http_status = 503


class NeedsOwner(PlugcastError):
    """Only a person can solve this: a new key, a setting on the console (424)."""

    http_status = 424
