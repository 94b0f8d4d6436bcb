"""The `plugcast` command: reads arguments, starts one room, turns failures into one line and an exit code.

Every room is imported inside its handler, so that `plugcast check` never loads media libraries. Exit codes: 0 fine,
1 something failed, 2 what was asked or configured is wrong: of the box and its roles, box.toml and nothing else.
"""

from __future__ import annotations

import argparse
import logging
import os
import sys
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any

from appliance import __version__
from appliance.errors import Invalid, PlugcastError, Unavailable
from appliance.system import priority
from appliance.system.roles import ROLES, Role

DEFAULT_CONFIG = "/etc/plugcast/box.toml"
DEBUG = "PLUGCAST_DEBUG"
BOX = frozenset({"run", *ROLES})
WRONG_BOX = frozenset({"config", "panel-port"})
"""What is wrong with box.toml."""
SUPERVISOR = "PLUGCAST_SUPERVISOR"


def main(arguments: list[str] | None = None) -> int:
    """Runs one command; returns its exit code."""
    options = _parser().parse_args(arguments)
    debug = options.debug or os.environ.get(DEBUG) == "1"
    _prepare(debug=debug, role=options.command)
    try:
        return int(options.run(options))
    except PlugcastError as error:
        if debug:
            raise
        print(str(error), file=sys.stderr)
        return 2 if _is_wrong(error, options.command) else 1
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # The reader of our output went away (`plugcast devices | head`): nothing is left to say.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


def _is_wrong(error: PlugcastError, command: str) -> bool:
    """Whether starting the same again cannot help. Of the box itself only box.toml may say so: all else may mend."""
    return isinstance(error, Invalid) and (command not in BOX or error.code in WRONG_BOX)


def _prepare(*, debug: bool, role: str) -> None:
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter(f"{role}: %(name)s: %(message)s") if debug else _Sentences(role))
    logging.basicConfig(level=logging.DEBUG if debug else logging.INFO, handlers=[handler])
    logging.getLogger("asyncio").setLevel(logging.WARNING)
    logging.getLogger("aiohttp.access").setLevel(logging.WARNING)
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    if debug:
        os.environ[DEBUG] = "1"
    else:
        sys.excepthook = _one_line
    if role not in ROLES:
        return
    priority.take(role)
    if supervisor := os.environ.get(SUPERVISOR):
        from appliance.supervisor.run import end_with_parent
        from appliance.system import role_log

        end_with_parent(int(supervisor))
        role_log.keep_if_told(role)


class _Sentences(logging.Formatter):
    """One line a record: people are not shown where in our code a fault happened."""

    def __init__(self, role: str) -> None:
        super().__init__(f"{role}: %(message)s")

    def formatException(self, ei: Any) -> str:  # noqa: N802 - the library's name
        """Only what, not where; `--debug` shows the rest."""
        return f"  ({type(ei[1]).__name__}: {ei[1]}; --debug shows where)"

    def format(self, record: logging.LogRecord) -> str:
        """The sentence and, behind it, what failed."""
        return super().format(record).replace("\n", "")


def _one_line(kind: type[BaseException], error: BaseException, _trace: TracebackType | None) -> None:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    print(
        f"plugcast stopped because of a fault of its own ({type(error).__name__}: {error}). "
        "Run it again with --debug to see where, and please report it.",
        file=sys.stderr,
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="plugcast", description="From a game console's HDMI to a live stream.")
    parser.add_argument("--version", action="version", version=f"plugcast {__version__}")
    parser.add_argument("--debug", action="store_true", help="log more, and show where a fault happened")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def command(name: str, does: str, about: str, example: str) -> argparse.ArgumentParser:
        return commands.add_parser(
            name, help=does, description=about, epilog=f"example:\n  {example}",
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )  # fmt: skip

    demo = command(
        "demo", "try everything on this machine, without hardware",
        "Starts a pretend console, a server to stream to and the panel, and prints the panel's address.",
        "plugcast demo --port 8080",
    )  # fmt: skip
    demo.add_argument("--port", type=int, default=8080, help="the panel's port; 0 picks a free one")
    demo.add_argument("--seconds", type=float, default=0.0, help="end by itself after this many seconds")
    demo.set_defaults(run=_demo)

    run = command(
        "run", "run the box in the foreground",
        "Starts every role of the box, starts those again that end, and ends cleanly when it is told to.",
        "plugcast run --config box.toml",
    )  # fmt: skip
    _with_config(run)
    run.set_defaults(run=_run)

    devices = command(
        "devices", "list capture devices and encoders",
        "Lists what pictures can come from, with a star what is taken by itself, and the encoders that can exist here.",
        "plugcast devices --json",
    )  # fmt: skip
    devices.add_argument("--json", action="store_true", help="for programs")
    devices.set_defaults(run=_devices)

    doctor = command(
        "doctor", "twelve checks, each with what to do",
        "Asks the running box what it finds, or checks what can be checked without one. Exit code 1: something is bad.",
        "plugcast doctor --config box.toml",
    )  # fmt: skip
    doctor.add_argument("--json", action="store_true", help="for programs")
    _with_config(doctor)
    doctor.set_defaults(run=_doctor)

    replay = command(
        "replay", "play the log of a LIVE back into a box",
        "Has everything that viewers said and gave happen again in the running box, whose chat.source is \"replay\".",
        "plugcast replay live-1.jsonl --speed 10",
    )  # fmt: skip
    replay.add_argument("log", type=Path, help="a file from /api/lives/ID.jsonl")
    replay.add_argument("--speed", type=float, default=1.0, help="how many times as fast; default: 1")
    _with_config(replay)
    replay.set_defaults(run=_replay)

    check = command(
        "check", "check box.toml and show where each value comes from",
        "Names everything that is wrong with the file at once (exit code 2), or prints the settings that follow.",
        "plugcast check box.toml",
    )  # fmt: skip
    check.add_argument("file", nargs="?", type=Path, default=Path(DEFAULT_CONFIG))
    check.set_defaults(run=_check)

    token = command(
        "token", "make, list or revoke what programs use to ask the panel",
        "Prints a new token for a program, or a link or the PIN that lets a phone in; nothing else is printed.",
        "plugcast token lamp --viewer",
    )  # fmt: skip
    token.add_argument("name", nargs="?", help="a name for the new token")
    token.add_argument("--list", action="store_true", help="list the tokens")
    token.add_argument("--revoke", metavar="NAME", help="make a token worthless")
    token.add_argument("--helper", action="store_true", help="the new token may hide and pin in the chat, nothing else")
    token.add_argument("--viewer", action="store_true", help="the new token may look, but not change anything")
    token.add_argument("--link", action="store_true", help="print a new one-time link to the panel")
    token.add_argument("--qr", action="store_true", help="the same, with a QR code for a phone's camera")
    token.add_argument("--pin", action="store_true", help="print the PIN that lets a phone in")
    _with_config(token)
    token.set_defaults(run=_token)

    reset = command(
        "reset", "forget who may use the panel; asks before each thing",
        "Forgets phones, tokens and ways in, and with --all everything the box was told. It never touches box.toml.",
        "plugcast reset --all",
    )  # fmt: skip
    reset.add_argument("--all", action="store_true", help="also the panel's settings, stream keys and recordings")
    reset.add_argument("--yes", action="store_true", help="do not ask, for scripts")
    _with_config(reset)
    reset.set_defaults(run=_reset)

    # systemd's, before control starts: not in the list of commands.
    former = commands.add_parser("adopt")
    _with_config(former)
    former.set_defaults(run=_adopt)

    starts: dict[Role, Callable[[argparse.Namespace], int]] = {
        "engine": _engine,
        "control": _control,
        "screen": _screen,
        "chat": _chat,
    }
    for role, facts in ROLES.items():
        about = f"Runs {facts.does} in the foreground, as its unit does."
        part = command(role, f"run only {facts.does}", about, f"plugcast {role} --config box.toml")
        _with_config(part)
        part.set_defaults(run=starts[role])
    return parser


def _with_config(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--config", type=Path, default=Path(DEFAULT_CONFIG), help=f"default: {DEFAULT_CONFIG}")
    # Also after the command, and without undoing one given before it.
    parser.add_argument("--debug", action="store_true", default=argparse.SUPPRESS, help=argparse.SUPPRESS)


def _check(options: argparse.Namespace) -> int:
    from appliance.settings import layers

    faults = layers.faults_of(options.file)
    if faults:
        print("\n".join(faults), file=sys.stderr)
        return 2
    loaded = layers.load(options.file)
    print(layers.explain(loaded))
    for problem in layers.not_built_yet(loaded.config):
        print(f"note: {problem.text}", file=sys.stderr)
    return 0


def _doctor(options: argparse.Namespace) -> int:
    from appliance.control.cli.doctor import doctor_command
    from appliance.settings import layers

    return doctor_command(layers.load(options.config), options.config, as_json=options.json)


def _token(options: argparse.Namespace) -> int:
    from appliance.control.cli.token import token_command
    from appliance.settings import layers

    return token_command(layers.load(options.config).config, options)


def _reset(options: argparse.Namespace) -> int:
    from appliance.control.cli.reset import reset_command
    from appliance.settings import layers

    return reset_command(layers.load(options.config).config, options)


def _run(options: argparse.Namespace) -> int:
    from appliance.supervisor.run import run

    return run(options.config)


def _control(options: argparse.Namespace) -> int:
    from appliance.control.main import main as control

    return control(options.config)


def _engine(options: argparse.Namespace) -> int:
    from appliance.engine.main import main as engine
    from appliance.settings import layers

    return engine(layers.load_owners(options.config).config)


def _screen(options: argparse.Namespace) -> int:
    from appliance.screen.main import main as screen
    from appliance.settings import layers
    from appliance.supervisor.run import NEVER_HERE_EXIT

    run_dir = Path(layers.load_owners(options.config).config.run_dir)
    try:
        return screen(run_dir)
    except Unavailable as error:
        print(str(error), file=sys.stderr)
        return NEVER_HERE_EXIT


def _chat(options: argparse.Namespace) -> int:
    from appliance.chat.main import main as chat
    from appliance.settings import layers

    return chat(Path(layers.load_owners(options.config).config.run_dir))


def _replay(options: argparse.Namespace) -> int:
    import time

    from appliance.chat.replay import main as replay
    from appliance.chat.source import Clock
    from appliance.settings import layers

    run_dir = Path(layers.load_owners(options.config).config.run_dir)
    return replay(options.log, run_dir, options.speed, Clock(time.time, time.monotonic))


def _adopt(options: argparse.Namespace) -> int:
    from appliance.settings import layers
    from appliance.supervisor.adopt import adopt, users_here

    users = users_here()
    if users is None:
        return 0
    try:
        config = layers.load_owners(options.config).config
    except Invalid:
        return 0  # control says it right after this
    taken = adopt(config, users)
    if taken:
        print(f"{taken} files and directories of the former user were given to the users of the roles.")
    return 0


def _devices(options: argparse.Namespace) -> int:
    import msgspec

    from appliance.engine.hardware.devices import capture_devices, encoders
    from appliance.hardware.device_name import automatic_device

    found = capture_devices()
    if options.json:
        print(msgspec.json.encode({"devices": found, "encoders": encoders()}).decode())
        return 0
    chosen = automatic_device(found)
    for device in found:
        mark = "*" if device.node == chosen else " "
        kind = device.kind or "unknown"
        print(f"{mark} {device.node:<14} {kind:<9} {device.card} ({device.driver})  {' '.join(device.pixel_formats)}")
    if not found:
        print('There is no video device. Plug the capture card in, or use the test console: capture.device = "test".')
    print("Encoders that may work here:", ", ".join(encoders()))
    return 0


def _demo(options: argparse.Namespace) -> int:
    from appliance.demo import main as demo

    return demo(port=options.port, seconds=options.seconds)


if __name__ == "__main__":
    sys.exit(main())
