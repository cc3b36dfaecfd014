"""Records → a document: the parts of a report, in their order."""

from __future__ import annotations

from collections.abc import Sequence

from .document import Document, Section
from .evidence import Evidence
from .sections.accuracy import accuracy
from .sections.changes import changes
from .sections.history import history
from .sections.latency import latency, stages
from .sections.models import models
from .sections.other import other
from .sections.parity import parity
from .sections.provenance import all_figures, provenance
from .sections.quantization import quantization
from .sections.roofline import layers
from .sections.verdicts import outcome, summary

__all__ = ["compose"]


def compose(evidence: Evidence, title: str, gallery: Sequence[Section] = ()) -> Document:
    """Return the report: verdicts first, then what was measured, then where it comes from.

    Args:
        evidence: the records.
        title: of the report.
        gallery: parts with images, which are read from files beside the records.
    """
    verdicts = summary(evidence)
    found = (
        verdicts,
        changes(evidence),
        models(evidence),
        accuracy(evidence),
        *gallery,
        latency(evidence),
        stages(evidence),
        layers(evidence),
        parity(evidence),
        quantization(evidence),
        history(evidence),
        other(evidence),
        provenance(evidence),
        all_figures(evidence),
    )
    newest = max(source.record.created for source in evidence.current)
    counts = len(evidence.all)
    subtitle = f"{counts} {'record' if counts == 1 else 'records'}, the newest of {newest:%d %B %Y, %H:%M} UTC"
    return Document(title, subtitle, *outcome(verdicts), tuple(section for section in found if section))
