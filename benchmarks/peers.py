"""The peers' command lines, written as well as we can, and their versions."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass

from benchmarks.work import FRAME_BYTES, OVERLAY, SOURCE, SOURCE_FPS, THREADS, Material, Work


@dataclass(frozen=True, slots=True)
class Job:
    """What to run: the work, how many source frames, to what end, into which file.

    `output` is `null` to compose only, `raw` to write yuv420p canvases, or an x264 preset.
    """

    work: Work
    material: Material
    frames: int
    output: str
    into: str


@dataclass(frozen=True, slots=True)
class Peer:
    """Somebody to be compared with. `command` may be None for work it does not do; `loops` as for runners."""

    name: str
    program: str
    command: Callable[[Job], list[str] | None]
    loops: bool

    @property
    def is_here(self) -> bool:
        """Whether its program is installed."""
        return shutil.which(self.program) is not None

    @property
    def version(self) -> str:
        """What it says of itself."""
        flag = "-version" if self.program == "ffmpeg" else "--version"
        first = subprocess.run([self.program, flag], capture_output=True, text=True, check=True).stdout.splitlines()[0]
        return first.split(" Copyright")[0].replace("version ", "")


def careful_graph(work: Work) -> str:
    """What a careful user writes: everybody's recipe (zoom until it covers, crop, blur, overlay), done well.

    That is: at the canvas' rate from the start, with a quick zoom, and a Gaussian instead of a box blur.
    """
    canvas, band, (x, y) = work.canvas, work.band, work.overlay_at
    if work.picture.look == "full":
        return f"[0:v]format=yuv420p[game];[1:v]format=yuva420p[o];[game][o]overlay={x}:{y}:format=yuv420[out]"
    return (
        f"[0:v]fps={work.picture.fps},split[a][b];"
        f"[a]scale={canvas.width}:{canvas.height}:force_original_aspect_ratio=increase:flags=bilinear,"
        f"crop={canvas.width}:{canvas.height},format=yuv420p,gblur=sigma={work.sigma}[blur];"
        f"[b]scale={band.width}:{band.height}:flags=area,format=yuv420p[band];"
        f"[blur][band]overlay={band.x}:{band.y}:format=yuv420[game];"
        f"[1:v]format=yuva420p[o];[game][o]overlay={x}:{y}:format=yuv420[out]"
    )


def best_graph(work: Work) -> str:
    """The best we can write: one scale of the source, the blur made at 44 x 80 from the band."""
    canvas, band, (x, y) = work.canvas, work.band, work.overlay_at
    if work.picture.look == "full":
        return careful_graph(work)
    crop = band.height * canvas.width // canvas.height // 2 * 2
    small = f"{80 * canvas.width // canvas.height // 2 * 2}:80"
    return (
        f"[0:v]fps={work.picture.fps},scale={band.width}:{band.height}:flags=area,format=yuv420p,split[a][band];"
        f"[a]crop={crop}:{band.height},scale={small}:flags=area,gblur=sigma=1.1,"
        f"scale={canvas.width}:{canvas.height}:flags=bilinear[blur];"
        f"[blur][band]overlay={band.x}:{band.y}:format=yuv420[game];"
        f"[1:v]format=yuva420p[o];[game][o]overlay={x}:{y}:format=yuv420[out]"
    )


def ffmpeg(job: Job, graph: str) -> list[str]:
    """An ffmpeg command line around a graph."""
    work, fps = job.work, job.work.picture.fps
    command = ["ffmpeg", "-hide_banner", "-loglevel", "error", "-nostdin", "-y"]
    command += ["-filter_complex_threads", "1"]
    if job.frames > job.material.frames:
        command += ["-stream_loop", "-1"]
    command += ["-f", "rawvideo", "-pix_fmt", "yuyv422", "-s", f"{SOURCE.width}x{SOURCE.height}"]
    command += ["-r", str(SOURCE_FPS), "-i", str(job.material.clip)]
    command += ["-f", "rawvideo", "-pix_fmt", "rgba", "-s", f"{OVERLAY.width}x{OVERLAY.height}", "-r", str(fps)]
    command += ["-i", str(job.material.overlay), "-filter_complex", graph, "-map", "[out]"]
    command += ["-frames:v", str(job.frames * fps // SOURCE_FPS)]
    if job.output == "null":
        return [*command, "-f", "null", "-"]
    if job.output == "raw":
        return [*command, "-f", "rawvideo", "-pix_fmt", "yuv420p", job.into]
    command += ["-c:v", "libx264", "-preset", job.output, "-tune", "zerolatency", "-threads", str(THREADS)]
    command += ["-thread_type", "slice", "-b:v", f"{work.kbps}k", "-maxrate", f"{work.kbps}k"]
    command += ["-bufsize", f"{work.kbps}k", "-bf", "0", "-x264-params", f"scenecut=0:keyint={2 * fps}:open-gop=0"]
    return [*command, "-f", "flv", job.into]


def gstreamer(job: Job) -> list[str] | None:
    """A careful GStreamer pipeline: drop first, blur small, let the compositor only paste the band."""
    if job.output == "raw":
        return None
    work, fps = job.work, job.work.picture.fps
    canvas, band, (x, y) = work.canvas, work.band, work.overlay_at
    parse = f"rawvideoparse format=yuy2 width={SOURCE.width} height={SOURCE.height} framerate={SOURCE_FPS}/1"
    source = f"filesrc location={job.material.clip} blocksize={FRAME_BYTES} num-buffers={job.frames} ! {parse}"
    # The picture is pasted in place; the compositor would ask for alpha everywhere and cost more.
    panel = f"gdkpixbufoverlay location={job.material.overlay_png} offset-x={x} offset-y={y}"
    end = f"{panel} ! {_gstreamer_end(job)}"
    if work.picture.look == "full":
        text = f"{source} ! videoconvert n-threads=1 ! video/x-raw,format=I420 ! {end}"
        return ["gst-launch-1.0", "-q", "-e", *text.split()]
    crop = (band.width - band.height * canvas.width // canvas.height) // 4 * 2
    out = f"video/x-raw,format=I420,width={canvas.width},height={canvas.height},framerate={fps}/1"
    scale = "videoconvertscale n-threads=1"
    text = (
        f"compositor name=mix background=black sink_1::ypos={band.y} sink_1::xpos={band.x} sink_1::zorder=1 ! "
        f"{out} ! {end} "
        f"{source} ! videorate drop-only=true ! video/x-raw,framerate={fps}/1 ! {scale} ! "
        f"video/x-raw,format=I420,width={band.width},height={band.height} ! tee name=t "
        f"t. ! queue ! mix.sink_1 "
        f"t. ! queue ! videocrop left={crop} right={crop} ! {scale} ! video/x-raw,width=44,height=80 ! "
        f"videoconvert n-threads=1 ! video/x-raw,format=AYUV ! gaussianblur sigma=1.1 ! {scale} ! "
        f"video/x-raw,format=I420,width={canvas.width},height={canvas.height} ! queue ! mix.sink_0"
    )
    return ["gst-launch-1.0", "-q", "-e", *text.split()]


def _gstreamer_end(job: Job) -> str:
    if job.output == "null":
        return "fakesink sync=false"
    frames = 2 * job.work.picture.fps
    encoder = (
        f"x264enc speed-preset={job.output} tune=zerolatency sliced-threads=true threads={THREADS} "
        f"bitrate={job.work.kbps} vbv-buf-capacity=1000 key-int-max={frames} bframes=0 option-string=scenecut=0"
    )
    return f"{encoder} ! flvmux streamable=true ! filesink location={job.into}"


CAREFUL = Peer("ffmpeg, careful graph", "ffmpeg", lambda job: ffmpeg(job, careful_graph(job.work)), True)
BEST = Peer("ffmpeg, best graph", "ffmpeg", lambda job: ffmpeg(job, best_graph(job.work)), True)
GSTREAMER = Peer("GStreamer, careful", "gst-launch-1.0", gstreamer, False)
PEERS = (CAREFUL, BEST, GSTREAMER)
