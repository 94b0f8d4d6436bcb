"""Certificates and real servers, made once for all tests of sinks."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.servers import nginx, node_media_server
from tests.servers.certificates import Authority


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """An authority the tests' targets trust."""
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def nginx_server(tmp_path: Path, authority: Authority) -> Iterator[nginx.Nginx]:
    """Nginx with RTMP, and RTMPS by a certificate of the authority."""
    if reason := nginx.missing():
        pytest.skip(reason)
    with nginx.Nginx(tmp_path, authority.issue()) as server:
        yield server


@pytest.fixture(scope="session")
def node_media_server_package() -> Path:
    """Where node-media-server is installed."""
    try:
        return node_media_server.installed()
    except LookupError as reason:
        pytest.skip(str(reason))
