"""The Config: what the owner wants. The whole of box.toml as frozen types with every default.

Ranges and patterns are written here as `Meta`; `settings.layers` turns them into sentences with the exact path. A
`Meta` with a pattern carries in `description` the words that follow "must be". Keys are kebab-case in TOML.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from msgspec import Meta, field

from appliance.model.plan import Look, WhenFull
from appliance.model.platforms.registry import PLATFORMS, platform_named
from appliance.model.problem import Value

type Port = Annotated[int, Meta(ge=0, le=65535)]
type Language = Annotated[str, Meta(pattern=r"^[a-z]{2}(-[A-Z]{2})?$", description='a language code such as "en"')]
type VideoSource = Annotated[
    str,
    Meta(
        pattern=r"^(auto|test(:[0-9]{1,5}x[0-9]{1,5}@(20|30|60))?|/dev/[^\x00-\x1f\x7f]{1,1024})$",
        description='"auto", "test", "test:1920x1080@60" (or @30, @20) or a device such as "/dev/video0"',
    ),
]
type SecondSource = Annotated[
    str,
    Meta(
        pattern=r"^(none|auto|csi|test|/dev/[^\x00-\x1f\x7f]{1,1024})$",
        description='"none", "auto", "csi", "test" or a device such as "/dev/video1"',
    ),
]
type Text = Annotated[
    str, Meta(pattern=r"^[^\x00-\x1f\x7f]{0,255}$", description="one line of text of at most 255 characters")
]
type PlaceText = Annotated[
    str, Meta(pattern=r"^[^\x00-\x1f\x7f]{0,1024}$", description="a file or directory, in at most 1024 characters")
]
type Host = Annotated[
    str, Meta(pattern=r"^[^\x00-\x20\x7f/@?#\[\]]{0,253}$", description="a host name or an address of a network")
]
type SoundSource = Annotated[
    str,
    Meta(pattern=r"^[^\x00-\x1f\x7f]{1,1024}$", description='"auto", "none", "test" or an ALSA name such as "hw:0,1"'),
]
type TimeZone = Annotated[
    str,
    Meta(
        pattern=r"^([A-Za-z0-9_+-]{1,32}(/[A-Za-z0-9_+-]{1,32}){0,2})?$",
        description='empty for the computer\'s own or a name such as "Europe/Madrid"',
    ),
]
type GainDb = Annotated[int, Meta(ge=-60, le=20)]
if TYPE_CHECKING:
    type PlatformName = str
    type Preset = str
else:
    # One of the platforms there are: msgspec refuses any other, and the schema names them.
    PlatformName = Literal[tuple(PLATFORMS)]
    Preset = Literal[("", *PLATFORMS)]

type HostNames = Annotated[
    tuple[
        Annotated[str, Meta(pattern=r"^[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?$", description="host names")],
        ...,
    ],
    Meta(max_length=64, description='a list of names such as ["plugcast.lan"]'),
]
type ChatWords = Annotated[
    tuple[
        Annotated[str, Meta(pattern=r"^[^\x00-\x1f\x7f]{1,100}$", description="words of at most 100 characters")], ...
    ],
    Meta(max_length=500, description='a list of words such as ["spoiler"]'),
]

type HiddenPlatforms = Annotated[
    tuple[PlatformName, ...], Meta(max_length=8, description='a list of platforms such as ["twitch"]')
]

MOST_DESTINATIONS = 8
"""Each takes a connection, a backlog and a thread of the engine."""

type WebAddress = Annotated[
    str, Meta(pattern=r"^(https?://[^\s/]+\S*)?$", description='empty or an address that starts with "https://"')
]


class Section(Value, frozen=True, forbid_unknown_fields=True):
    """The base of every table of box.toml."""


class PanelConfig(Section, frozen=True):
    """Where the panel listens; `names` are further host names that it answers to. Port 0 picks a free one."""

    listen: Text = "0.0.0.0"
    port: Port = 80
    names: HostNames = ()
    tls: bool = False


class CaptureConfig(Section, frozen=True):
    """Which device brings the console's picture, and which its sound; after how long a black picture is a problem.

    `input` is the number of the port on a card that has several; -1 leaves the choice to the box.
    """

    device: VideoSource = "auto"
    audio: SoundSource = "auto"
    black_after_s: Annotated[int, Meta(ge=0, le=3600)] = 10
    input: Annotated[int, Meta(ge=-1, le=63)] = -1


class GainsConfig(Section, frozen=True):
    """How much louder or softer each source is, in decibels."""

    game: GainDb = 0
    mic: GainDb = 0


class AudioConfig(Section, frozen=True):
    """The microphone, and how many milliseconds the sound is delayed (positive) or advanced."""

    microphone: SoundSource = "none"
    offset_ms: Annotated[int, Meta(ge=-1000, le=1000)] = 0
    gains: GainsConfig = GainsConfig()


class FacecamConfig(Section, frozen=True):
    """The second picture."""

    device: SecondSource = "none"


class PictureConfig(Section, frozen=True):
    """The canvas: size as WIDTHxHEIGHT, frames a second, and how the game is placed."""

    size: Annotated[str, Meta(pattern=r"^[0-9]{1,5}x[0-9]{1,5}$", description='a size such as "720x1280"')] = "720x1280"
    fps: Literal[24, 25, 30, 50, 60] = 30
    look: Look = "blur"

    @property
    def width(self) -> int:
        """The canvas width in pixels."""
        return int(self.size.partition("x")[0])

    @property
    def height(self) -> int:
        """The canvas height in pixels."""
        return int(self.size.partition("x")[2])


class EncoderConfig(Section, frozen=True):
    """Which encoder (`auto` or FFmpeg's name) and its target rate in kilobits a second."""

    name: Annotated[str, Meta(pattern=r"^[a-z0-9_]{1,64}$", description='"auto" or a name such as "libx264"')] = "auto"
    bitrate_kbps: Annotated[int, Meta(ge=500, le=20000)] = 3400


class DestinationConfig(Section, frozen=True):
    """One server to publish to. The key is never here: it is in `key_file` or in the panel's secret store.

    `platform` (`preset` in files and JSON) says which one it is, for the panel's words and links; empty when its name
    says so.
    """

    enabled: bool = True
    platform: Preset = field(default="", name="preset")
    server: str = ""
    key_file: PlaceText = ""
    ca_file: PlaceText = ""


class RecordConfig(Section, frozen=True):
    """Recording to a disk; an empty directory means `recordings` in the state directory.

    At `keep_free_mb` the oldest recordings make room, or recording stops.
    """

    enabled: bool = False
    directory: PlaceText = ""
    keep_free_mb: Annotated[int, Meta(ge=0, le=10_000_000)] = 500
    when_full: WhenFull = "delete-oldest"


class ReplayConfig(Section, frozen=True):
    """How much of the last minutes is kept for clips; 0 for nothing."""

    seconds: Annotated[int, Meta(ge=0, le=600)] = 60


class SlateConfig(Section, frozen=True):
    """What the slate says, and after how many seconds without a picture it warns and suggests to end."""

    owner_name: Text = ""
    warn_after_s: Annotated[int, Meta(ge=1, le=86_400)] = 90
    suggest_end_after_s: Annotated[int, Meta(ge=1, le=86_400)] = 300


class TwitchChatConfig(Section, frozen=True):
    """Whose chat to hear on Twitch; empty for nobody's."""

    channel: Annotated[
        str, Meta(pattern=r"^([@#]?[A-Za-z0-9_]{1,25})?$", description="empty or the name of a channel on Twitch")
    ] = ""


type TikTokName = Annotated[str, Meta(pattern=r"^(@?[A-Za-z0-9._]{1,24})?$", description="empty or an @name on TikTok")]


class TikTokChatConfig(Section, frozen=True):
    """Whose LIVE to hear on TikTok, unofficially; empty for nobody's."""

    handle: TikTokName = ""
    sign_key_file: PlaceText = ""


class YouTubeChatConfig(Section, frozen=True):
    """Whose LIVE to hear on YouTube, with the owner's own API key, the first line of a file.

    `video` hears one LIVE by its id, also one that is not public, and needs no looking for it.
    """

    channel: Annotated[
        str,
        Meta(
            pattern=r"^(@?[A-Za-z0-9._-]{3,30})?$", description="empty, an @name on YouTube or a channel's id (UC...)"
        ),
    ] = ""
    video: Annotated[str, Meta(pattern=r"^([A-Za-z0-9_-]{11})?$", description="empty or the id of a video")] = ""
    key_file: PlaceText = ""


class ChatConfig(Section, frozen=True):
    """Where the chat comes from. `source` "tiktok" and `handle` mean what `tiktok.handle` does.

    The three addresses replace TikTok's own in tests. What happens is kept for `log_days`; 0 keeps nothing.
    """

    source: Literal["none", "tiktok", "simulated", "replay"] = "none"
    handle: TikTokName = ""
    app_url: WebAddress = ""
    webcast_url: WebAddress = ""
    sign_url: WebAddress = ""
    log_days: Annotated[int, Meta(ge=0, le=3650)] = 30
    tiktok: TikTokChatConfig = TikTokChatConfig()
    twitch: TwitchChatConfig = TwitchChatConfig()
    youtube: YouTubeChatConfig = YouTubeChatConfig()


class ModerationConfig(Section, frozen=True):
    """What viewers write and nobody shall see. `hold` shows a comment only when it was approved."""

    words: ChatWords = ()
    hide_links: bool = True
    hide_phone_numbers: bool = True
    hold: bool = False
    hidden_platforms: HiddenPlatforms = ()


class ScreenConfig(Section, frozen=True):
    """The TV output: `card` is `auto` or a node such as /dev/dri/card1."""

    enabled: bool = True
    card: Annotated[
        str,
        Meta(
            pattern=r"^(auto|/dev/[^\x00-\x1f\x7f]{1,1024})$", description='"auto" or a device such as "/dev/dri/card1"'
        ),
    ] = "auto"


class MqttConfig(Section, frozen=True):
    """Telling a home or venue system over MQTT. The password is in a file, never here; `prefix` begins every topic."""

    enabled: bool = False
    host: Host = ""
    port: Annotated[int, Meta(ge=1, le=65535)] = 1883
    user: Text = ""
    password_file: PlaceText = ""
    prefix: Annotated[
        str, Meta(pattern=r"^[A-Za-z0-9_-]{1,64}(/[A-Za-z0-9_-]{1,64}){0,4}$", description='a topic such as "plugcast"')
    ] = "plugcast"
    tls: bool = False
    ca_file: PlaceText = ""


class MdnsConfig(Section, frozen=True):
    """The box's name in the house, `NAME.local`, and whether it is told there."""

    enabled: bool = True
    name: Annotated[
        str,
        Meta(
            pattern=r"^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$",
            description='a name of small letters, digits and hyphens such as "plugcast"',
        ),
    ] = "plugcast"


class SignInConfig(Section, frozen=True):
    """Signing in with TikTok: the owner's own client key, and the file of its secret. `api_url` is for tests."""

    client_key: Text = ""
    client_secret_file: PlaceText = ""
    api_url: WebAddress = ""


class UplinkConfig(Section, frozen=True):
    """Where the test of the line sends to: an address that takes any amount of data by POST."""

    test_url: WebAddress = "https://speed.cloudflare.com/__up"


def default_destinations() -> dict[str, DestinationConfig]:
    """TikTok alone, waiting for its key."""
    return {"tiktok": DestinationConfig()}


def platform_of(name: str, destination: DestinationConfig) -> PlatformName:
    """Which platform a destination is on."""
    return platform_named(destination.platform or name).name


class Config(Section, frozen=True):
    """Everything the owner may set."""

    state_dir: PlaceText = "/var/lib/plugcast"
    run_dir: PlaceText = "/run/plugcast"
    language: Language = "en"
    time_zone: TimeZone = ""
    panel: PanelConfig = PanelConfig()
    capture: CaptureConfig = CaptureConfig()
    audio: AudioConfig = AudioConfig()
    facecam: FacecamConfig = FacecamConfig()
    picture: PictureConfig = PictureConfig()
    encoder: EncoderConfig = EncoderConfig()
    destination: dict[str, DestinationConfig] = field(default_factory=default_destinations)
    record: RecordConfig = RecordConfig()
    replay: ReplayConfig = ReplayConfig()
    slate: SlateConfig = SlateConfig()
    chat: ChatConfig = ChatConfig()
    moderation: ModerationConfig = ModerationConfig()
    screen: ScreenConfig = ScreenConfig()
    mqtt: MqttConfig = MqttConfig()
    mdns: MdnsConfig = MdnsConfig()
    sign_in: SignInConfig = SignInConfig()
    uplink: UplinkConfig = UplinkConfig()
