"""Records: a model for each kind, by the command that writes it.

What enters: what a record of one kind has beside its measurements, and how records are read. Nothing measures here.
"""

from __future__ import annotations

from .built import BuildRecord, StageResult
from .conversion import ExportRecord, ParityRecord, ParityStep, QuantizeRecord
from .judged import GateRecord, OutputCheck, PackageCheck, Verdict, VerifyRecord
from .kinds import AnyRecord, is_record, read_record, read_records, record_files
from .measured import (
    MODEL,
    BenchRecord,
    CandidateResult,
    CompareRecord,
    ComparisonRow,
    ExecutedLayers,
    LayerTime,
    Mismatch,
    PeerRecord,
    RooflineLimits,
    ValidateRecord,
)
from .processed import ClusterRecord, Failure, RunRecord, VideoRecord

__all__ = [
    "MODEL",
    "AnyRecord",
    "BenchRecord",
    "BuildRecord",
    "CandidateResult",
    "ClusterRecord",
    "CompareRecord",
    "ComparisonRow",
    "ExecutedLayers",
    "ExportRecord",
    "Failure",
    "GateRecord",
    "LayerTime",
    "Mismatch",
    "OutputCheck",
    "PackageCheck",
    "ParityRecord",
    "ParityStep",
    "PeerRecord",
    "QuantizeRecord",
    "RooflineLimits",
    "RunRecord",
    "StageResult",
    "ValidateRecord",
    "Verdict",
    "VerifyRecord",
    "VideoRecord",
    "is_record",
    "read_record",
    "read_records",
    "record_files",
]
