"""The Plan: what the engine should be doing now. Idempotent; the engine compares plans and changes what differs."""

from __future__ import annotations

from typing import Annotated, Literal, get_args

from msgspec import Meta, field

from appliance.model.problem import Value, Whole

type Look = Literal["blur", "fill", "split", "full"]
type Cover = Literal["", "brb", "privacy"]
type WhenFull = Literal["delete-oldest", "stop"]
type CanvasSide = Annotated[int, Meta(ge=16, le=4096)]
AUDIO_KBPS = 160
"""What sound takes of every stream and recording."""

type Gain = Annotated[float, Meta(ge=-60, le=20)]
type PathText = Annotated[str, Meta(pattern=r"^[^\x00]*\Z")]

LOOKS: tuple[Look, ...] = get_args(Look.__value__)
"""Every look, in the order in which small pictures of them are numbered."""


class CapturePlan(Value, frozen=True):
    """Which console picture and sound to take.

    `device` is `auto`, `test`, `test:WIDTHxHEIGHT@FPS` or a device node; `audio` is `auto`, `test`, `none` or an
    ALSA name; `facecam` (the second source, shown by the look `split`) is `none`, `auto`, `test` or a device node.
    `edid` holds the hex digits of an EDID to write to the input, empty to leave it alone; with an `edid_bus` only a
    device on that bus gets it. A picture that is black for `black_after_s` seconds is called black; 0 for never.
    `input` is the number of the card's input, for cards that have several; -1 leaves the choice to the box.
    """

    device: str = "auto"
    audio: str = "auto"
    facecam: str = "none"
    edid: str = ""
    black_after_s: Whole = 10
    input: Annotated[int, Meta(ge=-1, le=63)] = -1
    edid_bus: str = ""


class PicturePlan(Value, frozen=True):
    """The canvas: even `width` and `height` in pixels, `fps` frames a second, how the game is placed.

    With a `cover` viewers get the moving slate instead, whatever the console sends: `brb` for the picture alone,
    `privacy` silences game and microphone, too.
    """

    width: CanvasSide = 720
    height: CanvasSide = 1280
    fps: Annotated[int, Meta(ge=1, le=240)] = 30
    look: Look = "blur"
    cover: Cover = ""


class SoundPlan(Value, frozen=True):
    """What is heard. `offset_ms` delays (positive) or advances the sound against the picture.

    `muted` and `gains_db` speak of the sources `game` and `mic`; one without a gain is taken as it comes.
    """

    microphone: str = "none"
    offset_ms: Annotated[int, Meta(ge=-10_000, le=10_000)] = 0
    muted: tuple[str, ...] = ()
    gains_db: dict[str, Gain] = field(default_factory=dict)


class EncoderPlan(Value, frozen=True):
    """Which encoder and how much: `name` is `auto` or FFmpeg's name, `preset` is `auto` or x264's.

    `order` is what `auto` tries, best first; empty for the engine's own order. libx264 is always the last resort.
    """

    name: str = "auto"
    order: tuple[str, ...] = ()
    preset: str = "auto"
    bitrate_kbps: Annotated[int, Meta(ge=1, le=1_000_000)] = 3400
    audio_kbps: Annotated[int, Meta(ge=1, le=1000)] = AUDIO_KBPS


class Destination(Value, frozen=True):
    """One server to publish to. `key` is a secret: it travels only over the engine's private socket.

    `session` changes with every go-live, so that going live again after a refusal is a difference the engine
    sees. `ca_file` names an extra certificate authority for rtmps, empty for the system's alone.
    """

    name: str
    server: str
    key: str
    session: Whole = 0
    ca_file: PathText = ""

    def __repr__(self) -> str:
        return f"Destination(name={self.name!r}, server={self.server!r}, key=<hidden>, session={self.session})"

    __str__ = __repr__


class RecordPlan(Value, frozen=True):
    """Whether and where to record. `keep_free_mb` is the space on the disk that recording leaves alone.

    `when_full` says what happens at that floor. `title` is the live's and `time_zone` the owner's, empty for the
    computer's own, both for the names of files; they may change while a file grows.
    """

    enabled: bool = False
    directory: PathText = ""
    keep_free_mb: Whole = 500
    when_full: WhenFull = "delete-oldest"
    title: str = ""
    time_zone: str = ""


class ReplayPlan(Value, frozen=True):
    """How many seconds of packets are kept for clips; 0 for none."""

    seconds: Annotated[int, Meta(ge=0, le=86_400)] = 0


class Preflight(Value, frozen=True, tag="preflight", tag_field="kind"):
    """Job: can this server be reached, and does it take us? Connects and shakes hands; publishes nothing."""

    destination: Destination


class Clip(Value, frozen=True, tag="clip", tag_field="kind"):
    """Job: write the last `seconds` as a file that plays everywhere."""

    seconds: Annotated[int, Meta(ge=0, le=86_400)]


class DeleteRecording(Value, frozen=True, tag="delete-recording", tag_field="kind"):
    """Job: delete this recording or clip for good."""

    name: str


class UplinkTest(Value, frozen=True, tag="uplink-test", tag_field="kind"):
    """Job: how much can be sent from here? Uploads noise to a web address for some seconds."""

    url: Annotated[str, Meta(max_length=2000)]
    seconds: Annotated[int, Meta(ge=1, le=30)] = 8


class Export(Value, frozen=True, tag="export", tag_field="kind"):
    """Job: copy these recordings and clips to the removable disk of this name. Stops when it is asked no longer."""

    names: Annotated[tuple[str, ...], Meta(max_length=1000)]
    disk: str


type Job = Preflight | Clip | DeleteRecording | UplinkTest | Export


class JobRequest(Value, frozen=True):
    """Something to be done at most once per `id`, and not begun after `until`, on CLOCK_MONOTONIC in seconds.

    The engine answers in its reports for as long as the request is in the Plan.
    """

    id: str
    job: Job
    until: float


class Plan(Value, frozen=True):
    """Everything the engine should be doing. `job_requests` are done once each.

    `accepted` names the destinations whose key a server has taken in this live, which an engine that has just started
    cannot know: what such a key meets is no reason to doubt it.

    What is watched has a rate that is 0 while nobody does: `preview_fps` for the picture, `looks_fps` for the small
    pictures of every look, `meters_hz` for the sound; `packets_wanted` is whether somebody watches the very packets
    that go out. `keep_encoding` keeps the encoder open without a destination, for practice.

    One canvas frame in `frames_every` is made: more than 1 for a box that is too slow for all of them, even on air.
    """

    capture: CapturePlan = CapturePlan()
    picture: PicturePlan = PicturePlan()
    sound: SoundPlan = SoundPlan()
    encoder: EncoderPlan = EncoderPlan()
    destinations: tuple[Destination, ...] = ()
    accepted: tuple[str, ...] = ()
    record: RecordPlan = RecordPlan()
    replay: ReplayPlan = ReplayPlan()
    preview_fps: Annotated[int, Meta(ge=0, le=60)] = 0
    looks_fps: Annotated[int, Meta(ge=0, le=2)] = 0
    meters_hz: Annotated[int, Meta(ge=0, le=30)] = 0
    packets_wanted: bool = False
    keep_encoding: bool = False
    frames_every: Annotated[int, Meta(ge=1, le=4)] = 1
    language: str = "en"
    job_requests: tuple[JobRequest, ...] = ()
