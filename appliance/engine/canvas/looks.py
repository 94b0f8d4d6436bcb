"""The canvas: one picture for every tick of its clock, from whatever sources there are. Runs on one thread.

It owns the ring of pictures, the scalers and the backdrop. It never waits, keeps no source frame after `compose`
returned, and never gives out a picture that it will paint again while somebody holds it.
"""

from __future__ import annotations

from dataclasses import dataclass

import av

from appliance.engine.canvas.arrange import STYLES, Arrangement, Placement, arrange
from appliance.engine.canvas.blend import Layer, blend
from appliance.engine.canvas.blur import Backdrop
from appliance.engine.canvas.geometry import Rect, Size
from appliance.engine.canvas.pool import PIXEL_FORMAT, Planes, Pool, Slot, keep_heap, mark, planes_of
from appliance.engine.canvas.scale import Scaled, Scaler, Way
from appliance.engine.canvas.slate import Slate
from appliance.model.plan import PicturePlan


@dataclass(frozen=True, slots=True)
class _Scene:
    """All that is decided by the sources' sizes and the layers' places, and so only when one of them changes."""

    arrangement: Arrangement
    visible: tuple[Rect, ...]  # where the backdrop shows
    baked: tuple[Layer, ...]
    over: tuple[Layer, ...]
    over_backdrop: bool  # whether one of `over` reaches beyond the placements


class Canvas:
    """Composes game, facecam, slate and layers into frames of exactly the planned size.

    Frames are yuv420p, BT.709 limited range, without pts, `pict_type` 0. `pixel_format` is the same for the
    whole life of a canvas, so that the encoder is opened once.
    """

    pixel_format = PIXEL_FORMAT

    def __init__(self, picture: PicturePlan) -> None:
        keep_heap()
        self.size = Size(picture.width, picture.height)
        self.look = picture.look
        self._pool = Pool(self.size)
        self._backdrop = Backdrop(self.size)
        self._slate = Slate(picture.width, picture.height, picture.fps)
        self._layers: tuple[Layer, ...] = ()
        self._scalers: dict[str, Scaler] = {}
        self._scene: _Scene | None = None
        self._scene_of: tuple[object, ...] = ()

    def set_layers(self, layers: tuple[Layer, ...]) -> None:
        """The bitmaps over the picture from the next frame on; callable from any thread, costs nothing."""
        self._layers = layers

    def set_words(self, words: Layer | None) -> None:
        """The bitmap with the slate's words, in its place, or None for no words; callable from any thread."""
        self._slate.words = words

    def compose(self, game: av.VideoFrame | None, facecam: av.VideoFrame | None, tick: int) -> av.VideoFrame:
        """The picture of tick number `tick` (it drives the slate and the blur's turns).

        `game` and `facecam` are uncompressed frames of any size in yuyv422, uyvy422, nv12, yuv420p, yuvj420p,
        yuvj422p, rgb24 or bgr24; None where there is no picture.
        """
        scene, changed = self._scene_for(game, facecam)
        scaled = self._scale(scene, game, facecam)
        placements = scene.arrangement.placements
        if len(placements) == 1 and placements[0].into.size == self.size and scaled[0].is_ours:
            # swscale's own fresh picture is the canvas: no slot, no copy.
            planes = planes_of(scaled[0].frame)
            for layer in scene.over:
                blend(planes, layer)
            return mark(scaled[0].frame)
        if scene.arrangement.behind == "blur" and scene.visible:
            fresh = self._backdrop.renew(scaled[0].frame, tick, scene.baked, changed)
            if fresh is not None and not scene.over_backdrop:
                # The new blur is the canvas; later frames copy from around its band.
                return self._finish(mark(fresh), planes_of(fresh), scene, scaled)
        slot = self._slot(scene, tick, changed)
        slot.dirty += [layer.rect for layer in scene.over]
        return self._finish(self._pool.lend(slot), slot.planes, scene, scaled)

    @staticmethod
    def _finish(frame: av.VideoFrame, planes: Planes, scene: _Scene, scaled: list[Scaled]) -> av.VideoFrame:
        """Paints what lies on the backdrop into `planes`, the memory of `frame`."""
        for placement, picture in zip(scene.arrangement.placements, scaled, strict=True):
            planes.part(placement.into).copy_from(planes_of(picture.frame))
        for layer in scene.over:
            blend(planes, layer)
        return frame

    def _slot(self, scene: _Scene, tick: int, changed: bool) -> Slot:
        """A free slot that shows what lies behind the placements."""
        behind = scene.arrangement.behind
        if behind == "slate":
            slot = self._pool.take(None)
            self._slate.paint(slot.planes, tick, self._slate.room_below(scene.arrangement.rects))
            slot.behind = None
            return slot
        if not scene.visible:
            slot = self._pool.take(None)
            slot.behind, slot.dirty = None, []
            return slot
        if behind == "dark":
            self._backdrop.darken(scene.baked, changed)
        slot = self._pool.take(self._backdrop.stamp)
        self._backdrop.put_behind(slot, scene.visible)
        return slot

    def _scale(self, scene: _Scene, game: av.VideoFrame | None, facecam: av.VideoFrame | None) -> list[Scaled]:
        """The placements' pictures, in order."""
        frames = {"game": game, "facecam": facecam}
        scaled = []
        for placement in scene.arrangement.placements:
            frame = frames[placement.source]
            if frame is not None:
                scaled.append(self._scaler(placement, frame).scale(frame))
        return scaled

    def _scaler(self, placement: Placement, frame: av.VideoFrame) -> Scaler:
        way = Way(frame.format.name, Size(frame.width, frame.height), placement.crop, placement.into.size)
        scaler = self._scalers.get(placement.source)
        if scaler is None or scaler.way != way:
            scaler = self._scalers[placement.source] = Scaler(way)
        return scaler

    def _scene_for(self, game: av.VideoFrame | None, facecam: av.VideoFrame | None) -> tuple[_Scene, bool]:
        """The scene for these sources, and whether it is a new one."""
        game_size = None if game is None else Size(game.width, game.height)
        is_shown = facecam is not None and STYLES[self.look].has_facecam
        face_size = Size(facecam.width, facecam.height) if facecam is not None and is_shown else None
        layers = self._layers
        if self._scene is not None and self._scene_of == (game_size, face_size, layers):
            return self._scene, False
        arrangement = arrange(self.look, self.size, game_size, face_size)
        changed = self._scene is None or self._scene.arrangement != arrangement
        visible = uncovered(self.size, arrangement.rects)
        on_canvas = [kept for kept in (layer.within(self.size) for layer in layers) if kept is not None]
        on_canvas.sort(key=lambda layer: layer.z)
        bakeable = () if arrangement.behind == "slate" else arrangement.rects
        baked, over = _sorted_out(on_canvas, bakeable)
        over_backdrop = any(layer.rect.overlaps(rect) for layer in over for rect in visible)
        self._scene = _Scene(arrangement, visible, baked, over, over_backdrop)
        self._scene_of = (game_size, face_size, layers)
        return self._scene, changed


def uncovered(canvas: Size, covers: tuple[Rect, ...]) -> tuple[Rect, ...]:
    """The parts of the canvas that none of the rectangles `covers` hides, as rectangles apart from each other."""
    free = [Rect(0, 0, canvas.width, canvas.height)]
    for cover in covers:
        rest: list[Rect] = []
        for rect in free:
            cut = rect.clipped(cover)
            if not cut.width or not cut.height:
                rest.append(rect)
                continue
            rest += [
                Rect(rect.x, rect.y, rect.width, cut.y - rect.y),
                Rect(rect.x, cut.bottom, rect.width, rect.bottom - cut.bottom),
                Rect(rect.x, cut.y, cut.x - rect.x, cut.height),
                Rect(cut.right, cut.y, rect.right - cut.right, cut.height),
            ]
        free = [rect for rect in rest if rect.width and rect.height]
    return tuple(free)


def _sorted_out(layers: list[Layer], placed: tuple[Rect, ...]) -> tuple[tuple[Layer, ...], tuple[Layer, ...]]:
    """The layers (lowest first) that can be painted into the backdrop, and those painted over every frame."""
    baked: list[Layer] = []
    over: list[Layer] = []
    for layer in layers:
        hidden = [*placed, *(above.rect for above in over)]
        (over if not placed or any(layer.rect.overlaps(rect) for rect in hidden) else baked).append(layer)
    return tuple(baked), tuple(over)
