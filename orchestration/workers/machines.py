"""Scheduler and workers of a cluster as processes, and the certificates that they know each other by.

Belongs here: Dask's own commands with what makes them safe. Stays out: speaking to them (`cluster.py`).
"""

from __future__ import annotations

import datetime as dt
import os
import socket
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import NoReturn
from urllib.parse import urlsplit

from exports.aside import write_file
from orchestration.settings import WORKER_BYTES
from orchestration.workers.cluster import AUTHORITY, CERTIFICATE, KEY, security_of
from orchestration.workers.pools import WorkersLost
from orchestration.workers.process import MEMORY_VARIABLE

_LIFE = dt.timedelta(days=3650)
# Dask's own pages tell what runs: to this machine alone.
_PAGES = ("--dashboard-address", "127.0.0.1:0")


def make_certificates(folder: Path) -> None:
    """Make an authority and one certificate of it, for every machine of the cluster.

    The authority's key is kept nowhere: nobody can make another certificate. New ones are made all together.

    Args:
        folder: gets `authority.pem`, `machine.pem`, `machine.key`, for their owner alone.

    Raises:
        FileExistsError: there are some already.
    """
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

    for name in (AUTHORITY, CERTIFICATE, KEY):
        if (folder / name).exists():
            raise FileExistsError(folder / name)
    now = dt.datetime.now(dt.UTC)

    def named(name: str) -> x509.Name:
        return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])

    def begun(name: str, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(named(name))
            .issuer_name(named("SPBE Index cluster"))
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - dt.timedelta(days=1))
            .not_valid_after(now + _LIFE)
        )

    authority_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    signs = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
    authority = (
        begun("SPBE Index cluster", authority_key)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(signs, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(authority_key.public_key()), critical=False)
        .sign(authority_key, hashes.SHA256())
    )
    both = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH])
    issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key())
    machine = (
        begun("SPBE Index machine", key)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(both, critical=False)
        .add_extension(issuer, critical=False)
        .sign(authority_key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_file(folder / AUTHORITY, authority.public_bytes(pem), mode=0o600)
    write_file(folder / CERTIFICATE, machine.public_bytes(pem), mode=0o600)
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    write_file(folder / KEY, private, mode=0o600)


def run_scheduler(certificates: Path, host: str, port: int, tries: int, silent_seconds: int) -> NoReturn:
    """Become the scheduler.

    Args:
        certificates: folder of `make_certificates`; this machine's own address does without.
        host: address to listen on.
        port: port to listen on.
        tries: workers that may die of one task.
        silent_seconds: after which a worker is taken for dead, and its task is given to another.

    Raises:
        WorkersLost: another address than this machine's own without certificates, or without the extra.
    """
    protocol = "tls" if (certificates / KEY).exists() else "tcp"
    security_of(f"{protocol}://{host}:{port}", certificates)
    _become(
        "distributed.cli.dask_scheduler",
        ["--host", host, "--port", str(port), "--protocol", protocol, *_PAGES],
        certificates if protocol == "tls" else None,
        {
            "DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": str(tries - 1),
            "DASK_DISTRIBUTED__SCHEDULER__WORKER_SATURATION": "1.0",
            "DASK_DISTRIBUTED__SCHEDULER__WORKER_TTL": f"{silent_seconds}s",
        },
    )


def run_worker(
    certificates: Path, scheduler: str, processes: int, memory_bytes: int, scratch: Path
) -> NoReturn:
    """Become the workers of this machine.

    Args:
        certificates: as for `run_scheduler`.
        scheduler: address, such as `tls://10.0.0.1:8786`.
        processes: how many.
        memory_bytes: of all of them; one that takes more than its share is ended.
        scratch: a folder of this machine.

    Raises:
        WorkersLost: as `run_scheduler`.
    """
    security_of(scheduler, certificates)
    each = memory_bytes // processes
    if each < WORKER_BYTES:
        raise WorkersLost(
            f"{processes} processes need {processes * WORKER_BYTES:,} bytes; "
            f"workers_memory has {memory_bytes:,}"
        )
    _become(
        "distributed.cli.dask_worker",
        [
            *(scheduler, "--host", _own_address(scheduler), "--nworkers", str(processes), "--nthreads", "1"),
            *("--memory-limit", str(each), "--local-directory", str(scratch), "--death-timeout", "60"),
            *_PAGES,
        ],
        certificates if scheduler.startswith("tls://") else None,
        {
            # Looking each 10 ms at what a worker does costs a twenty-fifth of it.
            "DASK_DISTRIBUTED__WORKER__PROFILE__ENABLED": "False",
            MEMORY_VARIABLE: str(each),
        },
    )


def _own_address(scheduler: str) -> str:
    """The address of this machine that a scheduler sees."""
    try:
        parts = urlsplit(scheduler)
        found = socket.getaddrinfo(parts.hostname, parts.port, type=socket.SOCK_DGRAM)
        family, kind, protocol, _, address = found[0]
        with socket.socket(family, kind, protocol) as asked:
            # Nothing is sent.
            asked.connect(address)
            return str(asked.getsockname()[0])
    except (OSError, ValueError) as error:
        raise WorkersLost(f"{scheduler}: {error}") from error


def _become(
    module: str, arguments: list[str], certificates: Path | None, variables: Mapping[str, str]
) -> NoReturn:
    if certificates:
        files = {"--tls-ca-file": AUTHORITY, "--tls-cert": CERTIFICATE, "--tls-key": KEY}
        arguments = [
            *arguments,
            *(word for flag, name in files.items() for word in (flag, str(certificates / name))),
        ]
        variables = {**variables, "DASK_DISTRIBUTED__COMM__REQUIRE_ENCRYPTION": "True"}
    os.umask(0o077)
    os.environ.update(variables)
    os.execv(sys.executable, [sys.executable, "-P", "-m", module, *arguments])
