"""The composition root of `batch --certificates`: which adapter is behind each port."""

from __future__ import annotations

import gc
import sys
from typing import TYPE_CHECKING

import attrs

from adapters.batch.progress import ProgressBar
from adapters.batch.request_threads import RequestThreads
from adapters.keys.shared_signer import SharedSigner
from adapters.machine.clock import SystemClock, SystemRandomness
from adapters.output.pair_folder import PairFolder
from domain.provisioners.credential import IssuedToken
from entrypoints.use_cases.batch import run_certificates
from entrypoints.use_cases.certify_lines import LineCertifier
from entrypoints.use_cases.mint import gather_evidence
from entrypoints.use_cases.mint_lines import LineMinter
from entrypoints.wiring.certificates import wire_fleet_ports

if TYPE_CHECKING:
    from adapters.batch.line_source import LineSource
    from adapters.output.batch_rows import RowWriter
    from adapters.process.interruption import Interruption
    from domain.batch.certificate_options import FleetOptions
    from domain.ports import Configuration
    from entrypoints.use_cases.batch import Totals


def certify_lines(
    fleet: FleetOptions,
    resume_from: int,
    reader: LineSource,
    rows: RowWriter,
    step_path: Configuration,
    interruption: Interruption,
) -> Totals | None:
    """Open the key, ask the CA for its rules, each once, and get a certificate for every line.

    Returns:
        How far it came; None where the provisioner makes no tokens of its own.
    """
    folder = PairFolder(fleet.folder, rows)
    folder.prepare(may_hold_files=resume_from > 1)
    ports, requests = wire_fleet_ports(fleet.defaults, step_path)
    evidence = gather_evidence(fleet.defaults.minting, ports.minting)
    if isinstance(evidence, IssuedToken):
        return None
    evidence = attrs.evolve(evidence, signer=SharedSigner(evidence.signer))
    minter = LineMinter(fleet.defaults.minting, evidence, SystemClock(), SystemRandomness())
    progress = ProgressBar(sys.stderr)
    certifier = LineCertifier(fleet, minter, ports, requests, progress)
    workforce = RequestThreads(fleet.requests, interruption.held_back)
    gc.enable()  # a batch is not a short run
    with interruption.answered():
        return run_certificates(resume_from, certifier, reader, workforce, folder, progress)
