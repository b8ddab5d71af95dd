"""Nothing secret is ever written: not by a command that needs no credentials, not to a process that one starts."""

from __future__ import annotations

import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.boxed import Box
from tests.canaries import CANARIES, EXTERNAL_ID, SECRET, Place, troubled_box

# Writes the environment of every process that is started to a file, where the search looks too.
WATCH = """
import json, os, sys
def watch(event, arguments):
    if event in ("subprocess.Popen", "os.posix_spawn", "os.exec"):
        given = arguments[3] if event == "subprocess.Popen" else arguments[2]
        with open(os.path.join({folder!r}, f"child-of-{{os.getpid()}}"), "a") as file:
            print(json.dumps(dict(os.environ if given is None else given)), file=file)
sys.addaudithook(watch)
"""


@pytest.fixture(scope="module")
def troubled() -> Iterator[Box]:
    with troubled_box() as box:
        yield box


@pytest.fixture(scope="module")
def place(troubled: Box, tmp_path_factory: pytest.TempPathFactory) -> Place:
    """One that a run has been through, with a snapshot in it."""
    folder = tmp_path_factory.mktemp("secrets") / "place"
    place = Place(troubled, folder)
    assert place.run(("run", "--verbose"), WATCH.format(folder=str(folder))).returncode == 4
    return place


COMMANDS: dict[str, tuple[str, ...]] = {
    "report": ("report", "{snapshot}", "--verbose", "--format", "json", "--out", "derived"),
    "query": ("query", "select * from accounts", "--snapshot", "{snapshot}", "--format", "csv", "--to", "q.csv"),
    "query environment": ("query", "select * from duckdb_settings()", "--snapshot", "{snapshot}"),
    "explain": ("explain", "root-mfa", "{snapshot}", "--account", "{account}"),
    "controls": ("controls", "list"),
    "processes": ("run", "--retry-gaps", "{snapshot}", "--processes", "2", "--verbose"),
    "resume": ("run", "--retry-gaps", "{snapshot}", "--log-format", "json"),
}


@pytest.mark.parametrize("name", COMMANDS)
def test_no_command_writes_a_secret(place: Place, name: str) -> None:
    (snapshot,) = (place.folder / "work" / "reports").iterdir()
    account = next((snapshot / "evidence").glob("[0-9]*")).name
    arguments = tuple(text.format(snapshot=snapshot, account=account) for text in COMMANDS[name])
    done = place.run(arguments, WATCH.format(folder=str(place.folder)), external_id="--retry-gaps" in arguments)
    assert done.returncode in (0, 4), done.stderr.decode()
    assert place.leaks() == set()


def test_the_environment_of_a_child_process_holds_no_secret(place: Place) -> None:
    """Its own list of variables, and what the kernel tells of it while it runs."""
    (snapshot,) = (place.folder / "work" / "reports").iterdir()
    slow = "select count(*) from range(1000000) a, range(1000000) b"
    process = place.started(("query", slow, "--snapshot", str(snapshot)), WATCH.format(folder=str(place.folder)))
    until = time.monotonic() + 60
    children: list[str] = []
    while not children and time.monotonic() < until:
        time.sleep(0.05)
        begun = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        # Before it is a program of its own, a child is a copy of its parent.
        children = [child for child in begun if b"query_worker" in Path(f"/proc/{child}/cmdline").read_bytes()]
    environments = [Path(f"/proc/{child}/environ").read_bytes() for child in children]
    own = Path(f"/proc/{process.pid}/environ").read_bytes()
    process.terminate()
    process.communicate()
    assert SECRET.encode() in own, "it was there to be handed on"
    assert environments
    assert not [name for name, pattern in CANARIES.items() for found in environments if pattern.search(found)]
    assert list(place.folder.glob("child-of-*")), "the search above looks at the lists"
    assert place.leaks() == set()


def test_the_search_finds_an_environment_that_is_handed_on(troubled: Box, tmp_path: Path) -> None:
    place = Place(troubled, tmp_path / "place")
    careless = WATCH.format(folder=str(place.folder)) + "import subprocess\nsubprocess.run(['true'])\n"
    place.run(("controls", "list"), careless, external_id=False)
    assert {"base secret", "base token"} <= {name for name, _ in place.leaks()}


def test_the_search_sees_what_is_packed(troubled: Box, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "book.xlsx", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("sheet.xml", f"<c>{'x' * 1000}{SECRET}</c>")
    pq.write_table(pa.table({"text": [f"{EXTERNAL_ID} {number}" for number in range(9)]}), tmp_path / "t.parquet")
    assert Place(troubled, tmp_path).leaks() == {("base secret", "book.xlsx"), ("external id", "t.parquet")}
