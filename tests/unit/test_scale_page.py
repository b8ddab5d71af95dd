"""The examples of docs/scale.md are valid, and agree with the program and with Dask."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest
import yaml
from distributed.cli.dask_scheduler import main as dask_scheduler
from distributed.cli.dask_worker import main as dask_worker

from auditor.cli.main import command
from auditor.cluster import client
from auditor.settings import load_settings
from tests.unit.test_role import cfn_lint

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "scale.md").read_text(encoding="utf-8")
FILES = dict(re.findall(r"```\w+\n# file: (\S+)\n(.*?)```", PAGE, re.DOTALL))
KNOWN: dict[tuple[str, str], click.Command] = {
    ("dask", "scheduler"): dask_scheduler,
    ("dask", "worker"): dask_worker,
    ("auditor", "report"): command("report"),
}


def test_the_template_for_ecs_passes_cfn_lint(tmp_path: Path) -> None:
    (tmp_path / "ecs.yaml").write_text(FILES["ecs.yaml"])
    assert cfn_lint(tmp_path / "ecs.yaml") == (0, "")


def kubernetes() -> list[dict[str, Any]]:
    return list(yaml.safe_load_all(FILES["kubernetes.yaml"]))


def pods() -> list[dict[str, Any]]:
    return [found["spec"]["template"]["spec"] for found in kubernetes() if "template" in found["spec"]]


def test_all_of_kubernetes_run_one_image_as_one_user_with_the_disk_at_one_path() -> None:
    containers = [container for pod in pods() for container in pod["containers"]]
    assert {container["image"] for container in containers} == {"auditor:IMAGE"}
    assert {pod["securityContext"]["runAsUser"] for pod in pods()} == {1000}
    mounts = [container.get("volumeMounts") for container in containers if container["name"] != "scheduler"]
    assert mounts == [[{"name": "audit", "mountPath": "/audit"}]] * 2
    (claim,) = (found for found in kubernetes() if found["kind"] == "PersistentVolumeClaim")
    assert claim["spec"]["accessModes"] == ["ReadWriteMany"]


def commands() -> Iterator[list[str]]:
    yield from (container["command"] for pod in pods() for container in pod["containers"])
    for words in re.findall(r"Command: \[(dask.*?)\]", FILES["ecs.yaml"]):
        yield [word.strip('"') for word in words.split(", ")]
    yield re.search(r"Command:\n((?: +- .*\n)+)", FILES["ecs.yaml"])[1].replace(" - ", " ").split()  # type: ignore[index]
    yield ["auditor", *re.findall(r"\$ auditor (report .*)", PAGE)[0].split()]


@pytest.mark.parametrize("words", [*commands()], ids=" ".join)
def test_every_option_of_the_commands_is_known(words: list[str]) -> None:
    known = KNOWN[(words[0], words[1])]
    options = {name for option in known.params for name in (*option.opts, *option.secondary_opts)}
    given = {word.partition("=")[0] for word in words if word.startswith("--")}
    assert given
    assert given <= options


def test_the_addresses_are_valid() -> None:
    addresses = set(re.findall(r"tcp://[\w.-]+:\d+", PAGE))
    assert len(addresses) == 3
    for address in addresses:
        assert load_settings(None, {"engine": "dask", "scheduler": address}).scheduler == address


def test_the_limits_that_are_named_hold() -> None:
    assert f"does not answer within {client.CONNECT_SECONDS:.0f} seconds" in PAGE
    assert f"no worker for {client.WORKER_SECONDS:.0f} seconds" in PAGE
