"""The options that commands share. Each has a key of the same name in auditor.yaml."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from auditor import __version__
from auditor.cli.log import follow

if TYPE_CHECKING:  # slow to load, so they are loaded where they are used
    from auditor.catalog import Catalog, Selection
    from auditor.model import CatalogStamp
    from auditor.settings import Settings

F = TypeVar("F", bound=Callable[..., Any])
_FILE = click.Path(path_type=Path)

CONFIG = click.option(
    "--config", metavar="FILE", type=_FILE, help="Settings file  [default: auditor.yaml, if it exists]"
)
WHO = (
    click.option("--profile", metavar="NAME", help="AWS profile of the base credentials"),
    click.option("--region", metavar="NAME", help="AWS region whose endpoints are called"),
    click.option("--role", metavar="NAME", help="Role assumed in each account  [OrganizationAccountAccessRole]"),
    click.option("--external-id", metavar="TEXT", help="External id that the role requires"),
)
SCOPE = (
    click.option("--ou", metavar="ID", multiple=True, help="Only accounts below this OU or root (repeatable)"),
    click.option("--account", metavar="ID", multiple=True, help="Only this account, in addition to --ou (repeatable)"),
    click.option("--exclude", metavar="ID", multiple=True, help="Not this account or OU (repeatable)"),
    click.option(
        "--accounts-file", metavar="CSV", type=_FILE, help="Accounts to audit, instead of listing the organization"
    ),
)
CONFIG_DIR = click.option(
    "--config-dir", metavar="DIR", type=_FILE, help="Your own controls, benchmarks, crosswalks, queries, parameters"
)
AS_OF = click.option("--as-of", metavar="TIME", help="Time at which ages are counted  [start of collection]")
WAIVERS = click.option("--waivers", metavar="FILE", type=_FILE, help="File with accepted failures")
NARROWING = (
    click.option(
        "--benchmark",
        metavar="ID",
        multiple=True,
        help="Benchmark to test (repeatable)  [aws-iam-rules, cis-aws-7.0.0]",
    ),
    click.option("--level", metavar="N", type=int, help="Only requirements of this level or a lower one"),
    click.option("--section", metavar="TEXT", multiple=True, help="Only this section of a benchmark (repeatable)"),
    click.option(
        "--requirement",
        metavar="ID",
        multiple=True,
        help="Only this requirement (2.12, cis-aws-7.0.0:2.12) or control (repeatable)",
    ),
)
CHOOSING = (*NARROWING, CONFIG_DIR)
JUDGING = (*CHOOSING, AS_OF, WAIVERS)
OUTPUT = (
    click.option("--period", metavar="PERIOD", help="Period of the reports: 2026Q4, 2026-10, 2026 or DATE..DATE"),
    click.option(
        "--format", metavar="FORMAT", multiple=True, help="xlsx, csv, json or parquet (repeatable)  [xlsx, csv]"
    ),
    click.option("--csv-delimiter", metavar="CHARACTER", help="Delimiter of CSV files: , ; | or tab  [,]"),
    click.option("--csv-bom", is_flag=True, help="Begin CSV files with a byte order mark, for Excel"),
    click.option("--csv-raw", is_flag=True, help="No apostrophe before text that looks like a formula"),
    click.option("--paper", metavar="SIZE", help="Paper of the workbook: a4 or letter  [a4]"),
    click.option("--split-by", metavar="WHAT", help="Also write a folder for each ou, account or tag:NAME"),
    click.option(
        "--jobs", metavar="N", type=int, help="Processes that judge batches and write parts  [one for each core]"
    ),
    click.option("--engine", metavar="ENGINE", help="Who judges batches: local, or dask with --scheduler  [local]"),
    click.option("--scheduler", metavar="ADDRESS", help="Dask scheduler: tcp://HOST:PORT or tls://HOST:PORT"),
    click.option(
        "--redact", metavar="KEYFILE", type=_FILE, help="Replace user names and e-mails by pseudonyms of this key"
    ),
    click.option("--fail-on", metavar="SEVERITY", help="Exit 5 if a failure has this severity or a higher one"),
)
PACE = (click.option("--concurrency", metavar="N", type=int, help="API calls at the same time  [64]"),)
PROCESSES = click.option("--processes", metavar="N", type=int, help="Processes that collect, for as many cores  [1]")
RESUME = (
    click.option("--resume", metavar="SNAPSHOT", type=_FILE, help="Continue an interrupted snapshot"),
    click.option("--retry-gaps", metavar="SNAPSHOT", type=_FILE, help="Collect a snapshot's accounts with gaps again"),
)
OUT = click.option("--out", metavar="DIR", type=_FILE, help="Folder for snapshots  [reports]")
SIGN = click.option("--sign", metavar="KEY", help="Sign with this Ed25519 key (PEM file), or awskms:ID of a KMS key")
TALK = (
    click.option("--quiet", is_flag=True, help="No progress, no notes"),
    click.option(
        "--log-format", metavar="FORMAT", help="Format of stderr: text, or json with one object per line  [text]"
    ),
    click.option("--verbose", is_flag=True, help="A line for every account, tracebacks for unexpected errors"),
)


def options(*chosen: Callable[[F], F]) -> Callable[[F], F]:
    """Several options in the order in which help shall list them."""

    def decorate(function: F) -> F:
        for option in reversed(chosen):
            function = option(function)
        return function

    return decorate


def settings_from(given: dict[str, Any], *, read_file: bool = True) -> Settings:
    """Settings of the file that ``--config`` names, replaced by the options that were really given; the log obeys."""
    from auditor.settings import load_settings

    file = given.pop("config", None)
    return follow(load_settings(file, wanted_from(given), read_file=read_file))


def catalog_of(settings: Settings) -> Catalog:
    """The shipped catalogue, with the folder of the user's own over it where one is named."""
    from auditor.catalog import load_catalog

    return load_catalog(None, *([settings.config_dir] if settings.config_dir else []))


def stamp_of_catalog(settings: Settings, catalog: Catalog) -> CatalogStamp:
    """What a snapshot's manifest says of the catalogue: the version, packages that add to it, and ``+own`` where a
    folder of the user's does."""
    from auditor.model import CatalogStamp
    from auditor.plugins import ADDED_CATALOGS, plugins

    packages = sorted({f"+{plugin.package}-{plugin.version}" for plugin in plugins(ADDED_CATALOGS)})
    own = ["+own"] if settings.config_dir else []
    return CatalogStamp(catalog.hash, "".join([__version__, *packages, *own]))


def selection_of(settings: Settings, catalog: Catalog) -> Selection:
    """What the settings ask to be tested. Raises CatalogError for an unknown name, or where nothing is left."""
    return catalog.select(
        settings.benchmark, level=settings.level, sections=settings.section, requirements=settings.requirement
    )


def wanted_from(given: dict[str, Any]) -> dict[str, Any]:
    """The options that were really given."""
    return {key: value for key, value in given.items() if value is not None and value is not False and value != ()}
