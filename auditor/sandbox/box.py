"""An organization in a box: planted, and served on a loopback port."""

from __future__ import annotations

import asyncio
import contextlib
import os
import threading
from collections import Counter
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from auditor.sandbox.denials import Gates
from auditor.sandbox.evidence import OrganizationEvidence, PlantedEvidence
from auditor.sandbox.facts import PlantedAccount
from auditor.sandbox.operations import Served
from auditor.sandbox.options import SandboxOptions
from auditor.sandbox.organization import BoxedAccount, BoxedOrganization, plant_organization
from auditor.sandbox.planting import plant_evidence, regions_on
from auditor.sandbox.population import Population
from auditor.sandbox.reports import layout_of, render
from auditor.sandbox.server import Endpoint, listening
from auditor.sandbox.services import check_names
from auditor.sandbox.sessions import BASE_KEY, BASE_SECRET, EXPIRED_KEY, EXPIRED_TOKEN, Identity, Readers, Sessions

# The evidence of so many accounts is kept; the calls of one account come close together.
_KEPT_ACCOUNTS = 128
CONFIG_FILE = Path(__file__).with_name("aws-config")


class Sandbox:
    """A boxed organization. ``requests`` counts calls by operation, ``errors`` error answers by code."""

    def __init__(self, options: SandboxOptions | None = None) -> None:
        self.options = options or SandboxOptions()
        check_names(self.options)
        self.organization: BoxedOrganization = plant_organization(self.options)
        self.caller_account = self.options.caller_account or self.organization.management_id
        self.faults = self._planted_faults()
        self.requests: Counter[str] = Counter()
        self.errors: Counter[str] = Counter()
        self.organization_evidence = OrganizationEvidence(self.options, self.organization)
        self._population = Population(self.options, len(self.organization.active))
        self.evidence = lru_cache(maxsize=_KEPT_ACCOUNTS)(self._plant_evidence)

    @contextlib.contextmanager
    def serve(self, port: int = 0) -> Iterator[str]:
        """Serve from a thread of its own while the context is open; yields the endpoint's URL."""
        with _loop_in_thread() as loop:
            context = listening(self.endpoint(), port)
            url = asyncio.run_coroutine_threadsafe(context.__aenter__(), loop).result()
            try:
                yield url
            finally:
                asyncio.run_coroutine_threadsafe(context.__aexit__(None, None, None), loop).result()

    def endpoint(self) -> Endpoint:
        """A fresh endpoint: no session is open and no report was ever generated."""
        readers = Readers(self.options, self.organization.management_id, self.caller_account)
        served = Served(self, Sessions(self._base_identity()), readers)
        gates = Gates(self.faults, self.options.partition, self.regions)
        return Endpoint(served, gates, self.requests, self.errors)

    def environment(self, url: str) -> dict[str, str]:
        """The variables under which any AWS tool talks to the box and to nothing else."""
        return {
            "AWS_ENDPOINT_URL": url,
            "AWS_ACCESS_KEY_ID": BASE_KEY,
            "AWS_SECRET_ACCESS_KEY": BASE_SECRET,
            "AWS_SESSION_TOKEN": "",
            "AWS_REGION": self.options.all_regions[0],
            "AWS_DEFAULT_REGION": self.options.all_regions[0],
            # An empty AWS_PROFILE is an error to the SDK, and one the user has set must not count.
            "AWS_PROFILE": "default",
            "AWS_DEFAULT_PROFILE": "default",
            "AWS_CONFIG_FILE": str(CONFIG_FILE),
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "false",
            "NO_PROXY": "127.0.0.1,localhost",
        }

    def expired_environment(self, url: str) -> dict[str, str]:
        """The same with credentials of a login that has run out."""
        expired = {"AWS_ACCESS_KEY_ID": EXPIRED_KEY, "AWS_SESSION_TOKEN": EXPIRED_TOKEN}
        return self.environment(url) | expired

    def facts(self, account_id: str) -> PlantedAccount:
        """What is true of one account."""
        account = self.organization.by_id[account_id]
        fault = self.faults.get(account_id, "")
        if fault == "denied" and account_id == self.caller_account:
            fault = ""  # the caller's own keys serve there, and no role is assumed
        return self._population.facts(account, fault, self._is_reachable(account))

    def report(self, account_id: str) -> bytes:
        """The credential report as GetCredentialReport answers it."""
        facts, rank = self.facts(account_id), self.organization.by_id[account_id].rank
        owner = self._stranger(account_id) if facts.fault == "wrong-account" else account_id
        return render(facts, layout_of(rank, facts.fault), f"arn:{self.options.partition}:iam::{owner}")

    def regions(self, account_id: str) -> tuple[str, ...]:
        """The regions that are on in an account."""
        return regions_on(self.options, self.organization.by_id[account_id])

    def _plant_evidence(self, account_id: str) -> PlantedEvidence:
        account = self.organization.by_id[account_id]
        return plant_evidence(self.options, self.organization, account, self.facts(account_id))

    def _is_reachable(self, account: BoxedAccount) -> bool:
        return account.id == self.caller_account or not account.is_management

    def _base_identity(self) -> Identity:
        arn = f"arn:{self.options.partition}:iam::{self.caller_account}:user/auditor"
        return Identity(self.caller_account, arn, "AIDASANDBOXCALLER001")

    def _stranger(self, account_id: str) -> str:
        return next(a.id for a in self.organization.accounts if a.id != account_id)

    def _planted_faults(self) -> dict[str, str]:
        active = self.organization.active
        named = {self.caller_account, *self.options.faults}
        if not named <= self.organization.by_id.keys():
            raise ValueError(f"not in the organization: {sorted(named - self.organization.by_id.keys())}")
        # The highest ranks: the personas are all seen in lower ones already.
        free = [a.id for a in reversed(active) if not a.is_management and a.id != self.caller_account]
        default = self.options.default_faults[: len(active) // 2] if self.options.faulty else ()
        planted = dict(zip(free, default, strict=False)) | dict(self.options.faults)
        return {account_id: fault for account_id, fault in planted.items() if fault != "none"}


@contextlib.contextmanager
def _loop_in_thread() -> Iterator[asyncio.AbstractEventLoop]:
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=_run, args=(loop,), name="sandbox", daemon=True)
    thread.start()
    try:
        yield loop
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()


def _run(loop: asyncio.AbstractEventLoop) -> None:
    # Cleans up in its own thread: the one that serves may have a loop running itself.
    asyncio.set_event_loop(loop)
    try:
        loop.run_forever()
        loop.run_until_complete(loop.shutdown_asyncgens())
    finally:
        loop.close()
