"""What docs/venue promises fits the box: metric names, settings, topics, and what Prometheus and Ansible say of it."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from appliance.control.house.home_assistant import Topics, discovery
from appliance.model.state import DestinationView, HealthState, State
from appliance.panel.metrics import Own, exposition
from tests.project import ROOT

VENUE = ROOT / "docs" / "venue"
RULES = VENUE / "prometheus" / "plugcast.rules.yml"
BOARD = VENUE / "grafana" / "plugcast.json"


def known() -> dict[str, set[str]]:
    """Every metric with the labels that it has."""
    state = State(destinations=(DestinationView(name="tiktok"),), health=HealthState(temperature_c=50.0))
    found: dict[str, set[str]] = {}
    for line in exposition(state, Own()).splitlines():
        match = re.match(r"^(plugcast_\w+)(?:\{(.*)\})? ", line)
        if match:
            found.setdefault(match[1], set()).update(re.findall(r'(\w+)="', match[2] or ""))
    return found


def used(expression: str) -> dict[str, set[str]]:
    """The metrics of an expression, with the labels that are asked for."""
    return {
        name: set(re.findall(r'(\w+)\s*=~?\s*"', labels or ""))
        for name, labels in re.findall(r"(plugcast_\w+)(?:\{([^}]*)\})?", expression)
    }


def expressions() -> list[str]:
    rules = re.findall(r"^ +expr: (.*)$", RULES.read_text(), re.MULTILINE)
    board = json.loads(BOARD.read_text())
    return [*rules, *(target["expr"] for panel in board["panels"] for target in panel["targets"])]


def test_the_search_finds_what_it_should() -> None:
    assert used('max(plugcast_a{x="1", place=~"$place"}) > plugcast_b') == {
        "plugcast_a": {"x", "place"},
        "plugcast_b": set(),
    }
    assert len(expressions()) > 20


@pytest.mark.parametrize("expression", expressions())
def test_every_metric_is_one_of_ours(expression: str) -> None:
    metrics = known()
    for name, labels in used(expression).items():
        assert name in metrics
        assert labels - metrics[name] <= {"place"}


def test_the_board_is_whole() -> None:
    board = json.loads(BOARD.read_text())
    assert len({panel["id"] for panel in board["panels"]}) == len(board["panels"])
    for panel in board["panels"]:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24
        assert panel["title"]
        assert len({target["refId"] for target in panel["targets"]}) == len(panel["targets"])


def test_the_readme_names_the_topics_there_are() -> None:
    text = (VENUE / "README.md").read_text()
    topics = Topics("plugcast", "ID")
    for topic in (topics.available, topics.state, topics.error):
        assert f"`{topic}`" in text
    for payload in discovery(topics, "x").values():
        said = json.loads(payload)
        if "command_topic" in said:
            assert f"`{said['command_topic']}`" in text


def run(*words: str, where: Path) -> str:
    program = shutil.which(words[0])
    if program is None:
        pytest.skip(f"{words[0]} is not installed")
    done = subprocess.run([program, *words[1:]], cwd=where, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize(
    "words",
    [
        ("promtool", "check", "rules", "plugcast.rules.yml"),
        ("promtool", "test", "rules", "plugcast.test.yml"),
        ("promtool", "check", "config", "--syntax-only", "prometheus.yml"),
    ],
)
def test_prometheus_takes_it(words: tuple[str, ...]) -> None:
    run(*words, where=VENUE / "prometheus")


@pytest.mark.timeout(90)
@pytest.mark.parametrize(
    "words",
    [
        ("ansible-playbook", "-i", "inventory.example.yml", "--syntax-check", "site.yml"),
        ("ansible-lint", "--offline", "--profile", "production", "site.yml"),
    ],
)
def test_ansible_takes_it(words: tuple[str, ...]) -> None:
    run(*words, where=VENUE / "ansible")
