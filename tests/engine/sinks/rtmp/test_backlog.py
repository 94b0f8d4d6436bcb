"""What is dropped when the network is too slow: whole runs of pictures up to a key frame, and never sound."""

from hypothesis import given
from hypothesis import strategies as st

from appliance.engine.packet import Packet
from appliance.engine.sinks.rtmp.backlog import Backlog

MS = 1_000_000


def video(at_ms: int, *, is_key: bool = False) -> Packet:
    return Packet(True, b"v", at_ms * MS, 33 * MS, is_key)


def audio(at_ms: int) -> Packet:
    return Packet(False, b"a", at_ms * MS, 21 * MS, True)


def opened() -> Backlog:
    backlog = Backlog(900)
    backlog.open()
    return backlog


def taken(backlog: Backlog) -> list[Packet]:
    packets = []
    while packet := backlog.pop():
        packets.append(packet)
    return packets


def test_nothing_is_kept_before_it_is_opened() -> None:
    backlog = Backlog(900)
    assert not backlog.push(video(0, is_key=True))
    assert backlog.pop() is None
    assert backlog.dropped_video == 0


def test_it_begins_with_a_key_frame_and_asks_for_it_once() -> None:
    backlog = opened()
    assert backlog.take_key_request()
    assert not backlog.take_key_request()
    for packet in (audio(0), video(10), audio(20), video(40, is_key=True), audio(50), video(70)):
        backlog.push(packet)
    assert taken(backlog) == [video(40, is_key=True), audio(50), video(70)]


def test_backlog_is_the_time_between_oldest_and_newest() -> None:
    backlog = opened()
    backlog.push(video(1000, is_key=True))
    backlog.push(video(1400))
    assert backlog.waiting_ms == 400
    backlog.pop()
    assert backlog.waiting_ms == 0


def test_too_much_goes_down_to_a_waiting_key_frame() -> None:
    backlog = opened()
    packets = [video(0, is_key=True), audio(5), video(500), video(800, is_key=True), audio(805), video(899)]
    for packet in packets:
        backlog.push(packet)
    assert backlog.dropped_video == 0
    backlog.push(video(901))
    assert taken(backlog) == [audio(5), video(800, is_key=True), audio(805), video(899), video(901)]
    assert backlog.dropped_video == 2
    assert not backlog.take_key_request()


def test_too_much_without_a_key_frame_drops_pictures_until_there_is_room_for_one() -> None:
    backlog = opened()
    assert backlog.take_key_request()
    for at in range(0, 1000, 100):
        backlog.push(audio(at) if at % 200 else video(at, is_key=at == 0))
    backlog.push(video(1000))
    assert not backlog.take_key_request()
    assert not backlog.push(video(1010, is_key=True))
    assert [backlog.pop() for _ in range(3)] == [audio(100), audio(300), audio(500)]
    assert backlog.take_key_request()
    assert not backlog.push(video(1040))
    assert backlog.push(video(1080, is_key=True))
    assert taken(backlog) == [audio(700), audio(900), video(1080, is_key=True)]
    assert backlog.dropped_video == 8


def test_after_closing_nothing_more_comes_in_and_what_waits_stays() -> None:
    backlog = opened()
    backlog.push(video(0, is_key=True))
    backlog.close()
    assert not backlog.push(video(40))
    assert taken(backlog) == [video(0, is_key=True)]
    assert backlog.dropped_video == 1


@given(st.lists(st.sampled_from("kvap"), max_size=300))
def test_sound_is_complete_and_pictures_are_whole_runs(steps: str) -> None:
    backlog = opened()
    sent: list[Packet] = []
    pushed_audio, pushed_video, has_begun = [], [], False
    for number, step in enumerate(steps):
        at = number * 45
        if step == "p":
            sent += [packet for packet in [backlog.pop()] if packet]
        elif step == "a":
            backlog.push(audio(at))
            pushed_audio += [audio(at)] if has_begun else []
        else:
            has_begun |= step == "k"
            pushed_video.append(video(at, is_key=step == "k"))
            backlog.push(pushed_video[-1])
    sent += taken(backlog)
    assert [packet for packet in sent if not packet.is_video] == pushed_audio
    pictures = [packet for packet in sent if packet.is_video]
    assert len(pictures) + backlog.dropped_video == len(pushed_video)
    for before, packet in zip([None, *pictures], pictures, strict=False):
        follows = before is not None and pushed_video.index(packet) == pushed_video.index(before) + 1
        assert packet.is_key or follows
