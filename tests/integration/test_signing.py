"""Signing: with a key file and with KMS, detached, verified offline; a bad key is told before anything is collected."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import pty
import shlex
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from moto.kms import utils as moto_kms
from moto.server import ThreadedMotoServer

from auditor.cli.signing import sign_collected
from auditor.errors import KeyFileError, UnsignedError
from auditor.sandbox import Sandbox, SandboxOptions
from auditor.store.seal import FileSigner, PublicKey
from auditor.store.seal.signature import Signature
from auditor.store.snapshot import Snapshot
from tests.boxed import AS_OF, Box, Completed, command, error_line
from tests.fork_server import run_command
from tests.sealing import files_of, key_pair, openssl, told, verified
from tests.support import ACCOUNT, report, root, stored

PASSPHRASE = "correct horse battery staple"


@pytest.fixture(scope="module")
def box() -> Iterator[Box]:
    sandbox = Sandbox(SandboxOptions(accounts=3, users=2, as_of=AS_OF, faulty=False, report_delay=(0.0, 0.1)))
    with sandbox.serve() as url:
        yield Box(sandbox, url)


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return key_pair(tmp_path_factory.mktemp("keys"))


@pytest.fixture
def locked(tmp_path: Path, keys: tuple[Path, Path]) -> Path:
    """The same key, behind a passphrase."""
    path = tmp_path / "locked.pem"
    openssl("pkcs8", "-topk8", "-v2", "aes-256-cbc", "-in", keys[0], "-out", path, "-passout", f"pass:{PASSPHRASE}")
    path.chmod(0o600)
    return path


@pytest.fixture
def snapshot(tmp_path: Path) -> Snapshot:
    return stored(tmp_path / "out", {ACCOUNT: report([root()])})


def auditor(*arguments: str | Path, **env: str) -> Completed:
    clean = {k: v for k, v in os.environ.items() if not k.startswith("AWS_")} | env
    return run_command(arguments, clean)


def bad_keys(folder: Path, keys: tuple[Path, Path]) -> dict[str, Path]:
    """A key file for each thing that can be wrong with one."""
    (folder / "empty.pem").touch()
    (folder / "text.pem").write_text("not a key")
    (folder / "large.pem").write_bytes(bytes(100_000))
    (folder / "torn.pem").write_text("\n".join(keys[0].read_text().splitlines()[:-1]))
    openssl("genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", folder / "rsa.pem")
    for path in folder.glob("*.pem"):
        path.chmod(0o600)
    return {
        "cannot be read: No such file or directory": folder / "nowhere.pem",
        "cannot be read: Is a directory": folder,
        "holds no key in PEM form": folder / "text.pem",
        "is too large to be a key": folder / "large.pem",
        "has no usable private key": folder / "torn.pem",
        "is not an Ed25519 key": folder / "rsa.pem",
        "holds a public key, and signing needs the private one": keys[1],
    }


def test_a_key_that_cannot_be_used_is_told_before_anything_is_collected(
    box: Box, tmp_path: Path, keys: tuple[Path, Path], locked: Path
) -> None:
    cases = bad_keys(tmp_path, keys) | {"set AUDITOR_SIGN_PASSPHRASE": locked}
    box.sandbox.requests.clear()
    for said, key in cases.items():
        result = box.auditor("collect", "--out", tmp_path / "out", "--sign", key)
        assert result.returncode == 2
        assert said in error_line(result)
        assert str(key) in error_line(result)
    wrong = box.auditor("run", "--out", tmp_path / "out", "--sign", locked, env={"AUDITOR_SIGN_PASSPHRASE": "wrong"})
    assert "the passphrase does not decrypt" in error_line(wrong)
    for empty in ("", "awskms:"):
        assert "names no key" in error_line(box.auditor("collect", "--out", tmp_path / "out", "--sign", empty))
    assert box.sandbox.requests.total() == 0
    assert not (tmp_path / "out").exists()


def test_a_run_signs_what_it_seals(box: Box, tmp_path: Path, keys: tuple[Path, Path]) -> None:
    result = box.auditor("run", "--out", tmp_path, "--as-of", AS_OF.isoformat(), "--format", "csv", "--sign", keys[0])
    assert result.returncode in (0, 4), result.stderr
    folder = Path(result.stdout.splitlines()[-1])
    assert verified(folder, keys[1]).unchanged
    assert verified(folder, keys[1]).signature.endswith("and the signature is good")
    secret = keys[0].read_text().splitlines()[1]
    assert not any(secret in p.read_bytes().decode("latin-1") for p in files_of(folder))


def test_a_passphrase_is_taken_from_the_environment_and_never_written(
    snapshot: Snapshot, locked: Path, keys: tuple[Path, Path]
) -> None:
    result = auditor("sign", snapshot.folder, "--key", locked, AUDITOR_SIGN_PASSPHRASE=PASSPHRASE)
    assert result.returncode == 0, result.stderr
    assert verified(snapshot.folder, keys[1]).signature.endswith("and the signature is good")
    written = b"".join(p.read_bytes() for p in files_of(snapshot.folder))
    assert PASSPHRASE not in written.decode("latin-1") + result.stdout + result.stderr


def test_a_passphrase_is_asked_for_on_a_terminal_without_showing_it(
    snapshot: Snapshot, locked: Path, keys: tuple[Path, Path]
) -> None:
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        command(["sign", snapshot.folder, "--key", locked]),
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        close_fds=True,
        start_new_session=True,
    )
    os.close(theirs)
    shown = read_until(ours, b"passphrase of")
    time.sleep(0.3)
    os.write(ours, PASSPHRASE.encode() + b"\n")
    shown += read_until(ours, None)
    assert process.wait(timeout=30) == 0, shown
    assert PASSPHRASE.encode() not in shown
    assert verified(snapshot.folder, keys[1]).unchanged


def read_until(terminal: int, word: bytes | None) -> bytes:
    """What a terminal shows, until a word or the end."""
    shown = b""
    while word is None or word not in shown:
        try:
            block = os.read(terminal, 4096)
        except OSError:  # the other side has gone
            break
        if not block:
            break
        shown += block
    return shown


def test_a_key_that_others_can_read_is_warned_of(snapshot: Snapshot, tmp_path: Path, keys: tuple[Path, Path]) -> None:
    loose = tmp_path / "loose.pem"
    loose.write_bytes(keys[0].read_bytes())
    loose.chmod(0o644)
    result = auditor("sign", snapshot.folder, "--key", loose)
    assert result.returncode == 0
    assert "can be read by other users" in result.stderr
    assert auditor("sign", snapshot.folder, "--key", keys[0]).stderr == ""


def test_what_was_changed_is_not_signed(snapshot: Snapshot, keys: tuple[Path, Path]) -> None:
    path = next(p for p in files_of(snapshot.folder / "evidence"))
    whole = path.read_bytes()
    path.write_bytes(whole + b"\n")
    result = auditor("sign", snapshot.folder, "--key", keys[0])
    assert result.returncode == 7
    assert "cannot be signed" in error_line(result)
    assert not (snapshot.folder / "manifest.sig").exists()
    path.write_bytes(whole)
    assert auditor("sign", snapshot.folder / "evidence", "--key", keys[0]).returncode == 2


def test_signing_again_replaces_and_mends_what_was_cut_off(
    snapshot: Snapshot, tmp_path: Path, keys: tuple[Path, Path]
) -> None:
    private, public = key_pair(tmp_path, name="second")
    for key in (private, keys[0]):
        assert auditor("sign", snapshot.folder, "--key", key).returncode == 0
    assert told(snapshot.folder, public) == [("signature", "manifest.sig")]
    assert told(snapshot.folder, keys[1]) == []
    (snapshot.folder / "manifest.sig").write_bytes(b"torn")
    assert told(snapshot.folder) != []
    assert auditor("sign", snapshot.folder, "--key", private).returncode == 0
    assert told(snapshot.folder, public) == []


def test_the_public_key_must_be_one(snapshot: Snapshot, tmp_path: Path, keys: tuple[Path, Path]) -> None:
    (tmp_path / "text.pem").write_text("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n")
    cases = {
        "is a private key": keys[0],
        "cannot be read": tmp_path / "nowhere.pem",
        "has no usable public key": tmp_path / "text.pem",
    }
    for said, path in cases.items():
        for name in ("verify", "bundle"):
            result = auditor(name, snapshot.folder, "--public-key", path)
            assert result.returncode == 2
            assert said in error_line(result)


@pytest.mark.parametrize("damage", ["{}", "[]", "null", "[" * 100_000, "\udcff", '{"signature": 7}'])
def test_a_signature_of_other_hands_is_told(snapshot: Snapshot, damage: str) -> None:
    (snapshot.folder / "manifest.sig").write_bytes(damage.encode("utf-8", "surrogateescape"))
    assert ("signature", "manifest.sig") in told(snapshot.folder)


def test_retrying_gaps_seals_anew_and_the_old_signature_goes(tmp_path: Path, keys: tuple[Path, Path]) -> None:
    """Every state on the way says of itself what it is."""
    plain = SandboxOptions(accounts=5, users=2, as_of=AS_OF, faulty=False)
    denied = next(a.id for a in reversed(Sandbox(plain).organization.active) if not a.is_management)
    broken = Sandbox(SandboxOptions(accounts=5, users=2, as_of=AS_OF, faulty=False, faults={denied: "denied"}))
    with broken.serve() as url:
        first = Box(broken, url).auditor("run", "--out", tmp_path, "--format", "csv", "--sign", keys[0])
    assert first.returncode == 4, first.stderr
    folder = Path(first.stdout.splitlines()[-1])
    before = Snapshot.open(folder)
    root_before = before.manifest_sha256()
    mended = Sandbox(plain)
    with mended.serve() as url:
        box = Box(mended, url)
        later = box.auditor("collect", "--out", tmp_path)
        assert later.returncode == 0, later.stderr
        again = box.auditor("collect", "--retry-gaps", folder, "--quiet")
    assert again.returncode == 0, again.stderr
    assert verified(folder, keys[1]).signature.endswith("and the signature is good"), "the settings are the snapshot's"
    after = Snapshot.open(folder)
    assert after.manifest.previous == before.manifest.previous
    assert after.manifest_sha256() != root_before
    stale = verified(folder).differences
    assert [d.name for d in stale] == ["summary.json"]
    assert "'auditor report' writes the reports again" in stale[0].message
    assert box.auditor("report", folder, "--format", "csv").returncode in (0, 4)
    assert verified(folder).unchanged
    chain = box.auditor("verify", tmp_path)
    assert chain.returncode == 7
    assert "that one was sealed again by a later run" in chain.stdout
    assert "2 snapshots of 1 organization: 1 unchanged, 1 not" in chain.stdout


@pytest.fixture(scope="module")
def kms() -> Iterator[str]:
    """moto's KMS, made to honour MessageType DIGEST: as it comes, it hashes every message, a digest too."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(moto_kms.ECDSAPrivateKey, "sign", signed_ecdsa)
        patch.setattr(moto_kms.RSAPrivateKey, "sign", signed_rsa)
        server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
        server.start()
        host, port = server.get_host_and_port()
        yield f"http://{host}:{port}"
        server.stop()


def signed_ecdsa(self: Any, message: bytes, signing_algorithm: str) -> bytes:
    assert (len(message), signing_algorithm) == (32, "ECDSA_SHA_256")
    signature: bytes = self.private_key.sign(message, ec.ECDSA(Prehashed(hashes.SHA256())))
    return signature


def signed_rsa(self: Any, message: bytes, signing_algorithm: str) -> bytes:
    assert (len(message), signing_algorithm) == (32, "RSASSA_PSS_SHA_256")
    pss = padding.PSS(padding.MGF1(hashes.SHA256()), padding.PSS.DIGEST_LENGTH)
    signature: bytes = self.private_key.sign(message, pss, Prehashed(hashes.SHA256()))
    return signature


def at(url: str) -> dict[str, str]:
    return {
        "AWS_ENDPOINT_URL": url,
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": "eu-west-1",
    }


def made_key(url: str, spec: str, usage: str = "SIGN_VERIFY") -> tuple[str, bytes]:
    """ARN and public key (DER) of a new KMS key."""
    given = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing", "region_name": "eu-west-1"}
    client: Any = boto3.client("kms", endpoint_url=url, **given)
    arn = client.create_key(KeySpec=spec, KeyUsage=usage)["KeyMetadata"]["Arn"]
    client.create_alias(AliasName=f"alias/{spec.lower().replace('_', '-')}", TargetKeyId=arn)
    return arn, client.get_public_key(KeyId=arn)["PublicKey"] if spec != "SYMMETRIC_DEFAULT" else b""


@pytest.mark.parametrize(
    ("spec", "algorithm", "options"),
    [
        ("ECC_NIST_P256", "ECDSA_SHA_256", ()),
        ("RSA_2048", "RSASSA_PSS_SHA_256", ("-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:auto")),
    ],
)
def test_a_kms_key_signs_a_digest_and_openssl_and_verify_accept_it(
    kms: str, snapshot: Snapshot, tmp_path: Path, spec: str, algorithm: str, options: tuple[str, ...]
) -> None:
    arn, der = made_key(kms, spec)
    result = auditor("sign", snapshot.folder, "--key", f"awskms:alias/{spec.lower().replace('_', '-')}", **at(kms))
    assert result.returncode == 0, result.stderr
    public = tmp_path / "kms.pem"
    public.write_bytes(PublicKey.of_der(der).pem)
    found = verified(snapshot.folder, public)
    assert found.unchanged
    assert "the signature is good" in found.signature
    made = Signature.parse((snapshot.folder / "manifest.sig").read_bytes())
    assert made.algorithm == algorithm
    assert arn.endswith(made.key_id)  # moto tells the id where AWS tells the ARN
    assert made.public_key_sha256 == hashlib.sha256(der).hexdigest()
    (tmp_path / "raw").write_bytes(made.signature)
    proof = openssl(
        "dgst",
        "-sha256",
        *options,
        "-verify",
        public,
        "-signature",
        tmp_path / "raw",
        snapshot.folder / "manifest.json",
    )
    assert proof.strip() == "Verified OK"
    bundled = auditor("bundle", snapshot.folder, "--public-key", public)
    assert bundled.returncode == 0, bundled.stderr


def test_a_kms_key_that_cannot_sign_is_told(kms: str, snapshot: Snapshot) -> None:
    encrypting, _ = made_key(kms, "RSA_3072", "ENCRYPT_DECRYPT")
    longer, _ = made_key(kms, "ECC_NIST_P384")
    elsewhere = encrypting.replace("eu-west-1", "us-east-1")
    cases = {
        encrypting: "signs by none of ECDSA_SHA_256",
        longer: "SIGN_VERIFY) signs by none of",
        "alias/nobody": "cannot be used (NotFoundException",
        elsewhere: "cannot be used (NotFoundException",
    }
    for key, said in cases.items():
        result = auditor("sign", snapshot.folder, "--key", f"awskms:{key}", **at(kms))
        assert result.returncode == 2, result.stderr
        assert said in error_line(result)
    assert not (snapshot.folder / "manifest.sig").exists()
    nobody = auditor(
        *("sign", snapshot.folder, "--key", "awskms:alias/x"),
        AWS_CONFIG_FILE="/nowhere",
        AWS_SHARED_CREDENTIALS_FILE="/nowhere",
        AWS_EC2_METADATA_DISABLED="true",
    )
    assert nobody.returncode == 3
    assert "no AWS credentials were found" in error_line(nobody)


def test_a_kms_key_that_is_not_there_costs_no_collection(box: Box, tmp_path: Path) -> None:
    """The boxed organization has no KMS."""
    result = box.auditor("collect", "--out", tmp_path, "--sign", "awskms:alias/x")
    assert result.returncode == 2
    assert "cannot be used" in error_line(result)
    assert list(tmp_path.iterdir()) == []


class Broken(FileSigner):
    """A key that was fine when collecting began."""

    def sign(self, message: bytes) -> bytes:
        if self.key_id == "gone":
            raise KeyFileError("the KMS key gone cannot be used (KMSInvalidStateException: pending deletion)")
        return bytes(64)


@pytest.mark.parametrize("name", ["gone", "lying"])
def test_a_signature_that_fails_after_collecting_leaves_the_snapshot_and_says_how_to_go_on(
    snapshot: Snapshot, keys: tuple[Path, Path], name: str
) -> None:
    signer = Broken.read(keys[0], lambda _: None)
    with pytest.raises(UnsignedError) as caught:
        sign_collected(snapshot, dataclasses.replace(signer, key_id=name))
    assert caught.value.exit_code == 1
    assert "is sealed but not signed: " in str(caught.value)
    assert f"auditor sign {shlex.quote(str(snapshot.folder))} --key KEY" in str(caught.value)
    assert verified(snapshot.folder).unchanged
    assert verified(snapshot.folder).signature == "not signed"


def test_a_snapshot_of_an_older_version_can_be_signed(snapshot: Snapshot, keys: tuple[Path, Path]) -> None:
    path = snapshot.folder / "manifest.json"
    kept = {k: v for k, v in json.loads(path.read_text()).items() if k not in ("previous", "catalog", "journal")}
    path.write_text(json.dumps(kept))
    (snapshot.folder / "evidence.sha256").unlink()
    assert auditor("sign", snapshot.folder, "--key", keys[0]).returncode == 0
    assert told(snapshot.folder, keys[1]) == []
    (snapshot.folder / "journal.jsonl").write_text("x")
    assert told(snapshot.folder) == [("changed", "journal.jsonl")]


def test_the_settings_file_may_name_the_key(box: Box, tmp_path: Path, keys: tuple[Path, Path]) -> None:
    (tmp_path / "auditor.yaml").write_text(json.dumps({"sign": str(keys[0]), "out": "here"}))
    result = box.auditor("collect", cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    folder = tmp_path / result.stdout.splitlines()[-1]
    assert verified(folder, keys[1]).unchanged
    assert Snapshot.open(folder).manifest.settings["sign"] == str(keys[0])
