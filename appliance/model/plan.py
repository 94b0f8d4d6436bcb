"""The Plan: what the engine should be doing now. Idempotent; the engine compares plans and changes what differs."""

from __future__ import annotations

from typing import Literal

from appliance.model.problem import Value

type Look = Literal["blur", "fill", "split", "full"]
type WhenFull = Literal["delete-oldest", "stop"]


class CapturePlan(Value, frozen=True):
    """Which console picture and sound to take.

    `device` is `auto`, `test` or a device node; `audio` is `auto`, `test`, `none` or an ALSA name; `facecam`
    (the second source, shown by the look `split`) is `none`, `auto`, `test` or a device node. `edid` holds the
    hex digits of an EDID to write to the input, empty to leave it alone. A picture that is black for
    `black_after_s` seconds is called black; 0 for never.
    """

    device: str = "auto"
    audio: str = "auto"
    facecam: str = "none"
    edid: str = ""
    black_after_s: int = 10


class PicturePlan(Value, frozen=True):
    """The canvas: even `width` and `height` in pixels, `fps` frames a second, how the game is placed."""

    width: int = 720
    height: int = 1280
    fps: int = 30
    look: Look = "blur"


class SoundPlan(Value, frozen=True):
    """What is heard. `offset_ms` delays (positive) or advances the sound against the picture."""

    microphone: str = "none"
    offset_ms: int = 0
    muted: tuple[str, ...] = ()


class EncoderPlan(Value, frozen=True):
    """Which encoder and how much: `name` is `auto` or FFmpeg's name, `preset` is `auto` or x264's.

    `order` is what `auto` tries, best first; empty for the engine's own order. libx264 is always the last resort.
    """

    name: str = "auto"
    order: tuple[str, ...] = ()
    preset: str = "auto"
    bitrate_kbps: int = 3400
    audio_kbps: int = 160


class Destination(Value, frozen=True):
    """One server to publish to. `key` is a secret: it travels only over the engine's private socket.

    `session` changes with every go-live, so that going live again after a refusal is a difference the engine
    sees. `ca_file` names an extra certificate authority for rtmps, empty for the system's alone.
    """

    name: str
    server: str
    key: str
    session: int = 0
    ca_file: str = ""

    def __repr__(self) -> str:
        return f"Destination(name={self.name!r}, server={self.server!r}, key=<hidden>, session={self.session})"

    __str__ = __repr__


class RecordPlan(Value, frozen=True):
    """Whether and where to record. `keep_free_mb` is the space on the disk that recording leaves alone.

    `when_full` says what happens at that floor. `title` is the live's, for the names of files; it may change while a
    file grows.
    """

    enabled: bool = False
    directory: str = ""
    keep_free_mb: int = 500
    when_full: WhenFull = "delete-oldest"
    title: str = ""


class ReplayPlan(Value, frozen=True):
    """How many seconds of packets are kept for clips; 0 for none."""

    seconds: int = 0


class Preflight(Value, frozen=True, tag="preflight", tag_field="kind"):
    """Ask: can this server be reached, and does it take us? Connects and shakes hands; publishes nothing."""

    destination: Destination


class Clip(Value, frozen=True, tag="clip", tag_field="kind"):
    """Ask: write the last `seconds` as a file that plays everywhere."""

    seconds: int


class DeleteRecording(Value, frozen=True, tag="delete-recording", tag_field="kind"):
    """Ask: delete this recording or clip for good."""

    name: str


type Errand = Preflight | Clip | DeleteRecording


class Ask(Value, frozen=True):
    """Something to be done at most once per `id`, and not begun after `until`, in Unix seconds.

    The engine answers in its reports for as long as the ask is in the Plan.
    """

    id: str
    errand: Errand
    until: float


class Plan(Value, frozen=True):
    """Everything the engine should be doing. `preview_fps` is 0 while nobody watches; `asks` are done once each."""

    capture: CapturePlan = CapturePlan()
    picture: PicturePlan = PicturePlan()
    sound: SoundPlan = SoundPlan()
    encoder: EncoderPlan = EncoderPlan()
    destinations: tuple[Destination, ...] = ()
    record: RecordPlan = RecordPlan()
    replay: ReplayPlan = ReplayPlan()
    preview_fps: int = 0
    language: str = "en"
    asks: tuple[Ask, ...] = ()
