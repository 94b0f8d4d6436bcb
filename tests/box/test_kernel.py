"""The cache of kernels gives out only what was built from these very inputs and is still what was recorded."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.box.kernel import BoxError, Sources, cache_root, inputs, inputs_hash, kernel_from, sha256_of, verified


@pytest.fixture
def sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Sources:
    monkeypatch.setenv("PLUGCAST_CACHE", str(tmp_path / "cache"))
    (tmp_path / "linux-source-0.0.tar.xz").write_bytes(b"no tarball at all")
    (tmp_path / "v4l2loopback-dkms_0_all.deb").write_bytes(b"no package at all")
    return Sources(tmp_path / "linux-source-0.0.tar.xz", tmp_path / "v4l2loopback-dkms_0_all.deb")


@pytest.fixture
def built(sources: Sources) -> Path:
    """A cache folder as a build leaves it."""
    folder = cache_root() / inputs_hash(sources)
    folder.mkdir(parents=True)
    (folder / "linux").write_bytes(bytes(range(256)) * 16)
    (folder / "linux.sha256").write_text(sha256_of(folder / "linux") + "\n", encoding="ascii")
    return folder


def test_a_verified_kernel_is_used_without_a_build(sources: Sources, built: Path) -> None:
    assert kernel_from(sources, build=False) == built / "linux"


def test_an_empty_cache_asks_for_a_build(sources: Sources) -> None:
    with pytest.raises(BoxError, match=r"python -m tests\.box kernel"):
        kernel_from(sources, build=False)


@pytest.mark.parametrize("position", [0, 2000, 4095])
def test_a_flipped_byte_asks_for_a_build(sources: Sources, built: Path, position: int) -> None:
    damaged = bytearray((built / "linux").read_bytes())
    damaged[position] ^= 1
    (built / "linux").write_bytes(damaged)
    with pytest.raises(BoxError):
        kernel_from(sources, build=False)


@pytest.mark.parametrize("lost", ["linux", "linux.sha256"])
def test_a_half_cache_asks_for_a_build(built: Path, lost: str) -> None:
    (built / lost).unlink()
    assert not verified(built)


def test_every_input_names_another_kernel(sources: Sources) -> None:
    names = {inputs_hash(sources)}
    sources.v4l2loopback.write_bytes(b"another version")
    names.add(inputs_hash(sources))
    sources.tarball.write_bytes(b"another kernel")
    names.add(inputs_hash(sources))
    assert len(names) == 3
    assert {"recipe/config", "recipe/build.sh", "recipe/patches/vivid-loop.patch", "compiler"} <= set(inputs(sources))


def test_a_build_that_fails_leaves_nothing(sources: Sources) -> None:
    with pytest.raises(BoxError):
        kernel_from(sources, build=True)
    assert [path.name for path in cache_root().iterdir()] == ["lock"]
