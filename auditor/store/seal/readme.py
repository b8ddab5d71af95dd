"""The page in a bundle that tells an auditor how to verify it without this program."""

from __future__ import annotations

import textwrap

from auditor.store.seal.signature import ECDSA, ED25519, RSA_PKCS1, RSA_PSS, Signature
from auditor.store.snapshot import Manifest
from auditor.times import iso

_RAW = "/tmp/manifest.sig.bin"  # noqa: S108 -- what a person may type
_DIGEST = "openssl dgst -sha256{} -verify public-key.pem -signature " + _RAW + " manifest.json"
_COMMANDS = {
    ED25519: f"openssl pkeyutl -verify -pubin -inkey public-key.pem -rawin -in manifest.json -sigfile {_RAW}",
    ECDSA: _DIGEST.format(""),
    RSA_PKCS1: _DIGEST.format(""),
    RSA_PSS: _DIGEST.format(" -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:auto"),
}
_RAW_COMMAND = """sed -n 's/.*"signature": "\\([^"]*\\)".*/\\1/p' manifest.sig | base64 -d > """ + _RAW


def readme(manifest: Manifest, root: str, signature: Signature | None, *, reports: bool, has_key: bool) -> str:
    """The text; it says nothing that the snapshot does not, so the same snapshot gives the same page."""
    sums = ["sha256sum -c --strict bundle.sha256", "sha256sum -c --strict evidence.sha256"]
    sums += ["sha256sum -c --strict reports.sha256"] if reports else []
    parts = [
        f"SNAPSHOT {manifest.snapshot_id}",
        _wrapped(
            f"The IAM evidence of the AWS organization {manifest.organization.id}, collected by {manifest.caller.arn} "
            f"from {iso(manifest.started_at)} to {iso(manifest.finished_at)} with aws-org-auditor "
            f"{manifest.tool_version}{', and the reports made from it' if reports else ''}."
        ),
        "HOW TO VERIFY IT WITHOUT THE PROGRAM",
        _wrapped(
            "Unpack everything and run the commands in the folder of this file. On macOS, use 'shasum -a 256' instead "
            "of 'sha256sum'."
        ),
        "1. Is every file unchanged since it was sealed? Each line must end in OK.",
        _commands(*sums),
        _wrapped(
            "Files that are in none of these lists do not belong to the snapshot. evidence.sha256 lists what was "
            "sealed when collection ended: the manifest, the journal of the run, and the exact answers of AWS. "
            "reports.sha256 lists the files that were derived from it."
        ),
        "2. Is it the right snapshot?",
        _commands("sha256sum manifest.json"),
        _wrapped(f"must print the root hash {root}"),
        _wrapped(
            "Compare it with a root hash that you received in another way: the run printed it, the reports contain it, "
            "and the next snapshot of the organization has it in its manifest ('previous'). The manifest lists the "
            "sha256 and size of every evidence file, so this hash covers all of them." + _before(manifest)
        ),
        "3. Who signed it?",
        *_signed(signature, has_key=has_key),
    ]
    return "\n\n".join(parts) + "\n"


def _before(manifest: Manifest) -> str:
    if manifest.previous is None:
        return ""
    return (
        f" This one names as its predecessor {manifest.previous.snapshot_id} with the root hash "
        f"{manifest.previous.root}."
    )


def _signed(signature: Signature | None, *, has_key: bool) -> list[str]:
    if signature is None:
        return [
            _wrapped("This snapshot is not signed: anyone who could write to its folder could have replaced all of it.")
        ]
    whose = (
        "Get the public key from the person who signed, not from this bundle, and compare its fingerprint:"
        if has_key
        else "Get the public key from the person who signed, save it as public-key.pem, and compare its fingerprint:"
    )
    return [
        _wrapped(
            f"manifest.sig is a signature ({signature.algorithm}) over manifest.json by {signature.key_id}. {whose}"
        ),
        _commands("openssl pkey -pubin -in public-key.pem -outform DER | sha256sum"),
        _wrapped(f"must print {signature.public_key_sha256}"),
        "Then, with OpenSSL 3:",
        _commands(_RAW_COMMAND, _COMMANDS[signature.algorithm]),
        "must report that the signature is verified.",
    ]


def _wrapped(text: str) -> str:
    return textwrap.fill(text, 96, break_long_words=False, break_on_hyphens=False)


def _commands(*lines: str) -> str:
    return "\n".join(f"    {line}" for line in lines)
