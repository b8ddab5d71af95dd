"""``engine`` and ``scheduler``: which belong together, and the nearest valid address to one that is not."""

from __future__ import annotations

from pathlib import Path

import pytest

from auditor.errors import ConfigurationError
from auditor.settings import load_settings

ADDRESS = "tcp://10.0.0.5:8786"


@pytest.mark.parametrize(
    "address", [ADDRESS, "tls://scheduler.audit.local:8786", "tcp://[fd00::1]:8786", "tcp://a_b:1"]
)
def test_addresses_of_schedulers(address: str) -> None:
    assert load_settings(None, {"engine": "dask", "scheduler": address}).scheduler == address


@pytest.mark.parametrize(
    ("given", "nearest"),
    [
        ("10.0.0.5:8786", ADDRESS),
        ("10.0.0.5", ADDRESS),
        ("tcp://10.0.0.5", ADDRESS),
        ("tcp:10.0.0.5:8786", ADDRESS),
        ("TCP://10.0.0.5:8786", ADDRESS),
        ("tpc://10.0.0.5:8786", ADDRESS),
        ("tcp://10.0.0.5:99999", ADDRESS),
        ("tcp://10.0.0.5:0", ADDRESS),
        ("http://10.0.0.5:8787/status", ADDRESS),  # the dashboard
        ("https://10.0.0.5", "tls://10.0.0.5:8786"),
        (f" {ADDRESS} ", ADDRESS),
    ],
)
def test_an_address_that_is_none_is_answered_with_the_nearest_one(given: str, nearest: str) -> None:
    with pytest.raises(ConfigurationError) as error:
        load_settings(None, {"engine": "dask", "scheduler": given})
    assert f"--scheduler: {given!r} is not the address of a Dask scheduler (did you mean {nearest!r}?)" in str(
        error.value
    )


@pytest.mark.parametrize("given", ["", "tcp://", "two words", "tcp://host;rm:1"])
def test_what_is_like_no_address_has_no_nearest_one(given: str) -> None:
    with pytest.raises(
        ConfigurationError, match=r"is not the address of a Dask scheduler; it looks like tcp://HOST:PORT"
    ):
        load_settings(None, {"engine": "dask", "scheduler": given})


def test_dask_needs_a_scheduler() -> None:
    with pytest.raises(ConfigurationError, match=r"engine dask needs scheduler, .* such as tcp://10.0.0.5:8786"):
        load_settings(None, {"engine": "dask"})


def test_a_scheduler_needs_dask() -> None:
    with pytest.raises(ConfigurationError, match="scheduler is used with engine dask only; add engine dask"):
        load_settings(None, {"scheduler": ADDRESS})


def test_an_unknown_engine_is_answered_with_the_known_ones() -> None:
    with pytest.raises(ConfigurationError, match=r"unknown value 'dusk' \(did you mean 'dask'\?\); known: local, dask"):
        load_settings(None, {"engine": "dusk", "scheduler": ADDRESS})


def test_an_option_overrides_the_file(tmp_path: Path) -> None:
    file = tmp_path / "auditor.yaml"
    file.write_text(f"engine: dask\nscheduler: {ADDRESS}\n")
    assert load_settings(file).engine == "dask"
    assert load_settings(file, {"engine": "local"}).engine == "local"


def test_a_file_with_one_of_them_says_which_is_missing(tmp_path: Path) -> None:
    file = tmp_path / "auditor.yaml"
    file.write_text("engine: dask\n")
    with pytest.raises(ConfigurationError, match=r"auditor\.yaml.*engine dask needs scheduler"):
        load_settings(file)
