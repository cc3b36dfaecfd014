"""What a report says: records → a document, whose parts each module turns records into.

What enters: one function a part, records in, document parts out, and its place among the others here; no markup.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ..document import Document
from ..evidence import Evidence
from .classes import classes
from .degradation import parity, quantization
from .deployment import deployment
from .environment import provenance
from .gallery import gallery
from .latency import latency, layers, stages
from .measurements import accuracy, all_figures, other_measurements
from .models import models
from .summary import outcome, summary
from .trends import baseline_changes, history

__all__ = ["compose"]


def compose(evidence: Evidence, title: str, images: Sequence[Path] = ()) -> Document:
    """Return the report: what to deploy first, then the verdicts, then what was measured, then where it comes from.

    Args:
        evidence: the records.
        title: of the report.
        images: folders with a run's results or inputs, for the gallery.

    Raises:
        InputError: one of the folders does not exist.
    """
    verdicts = summary(evidence)
    found = (
        deployment(evidence),
        verdicts,
        baseline_changes(evidence),
        models(evidence),
        accuracy(evidence),
        classes(evidence),
        gallery(evidence, images),
        latency(evidence),
        stages(evidence),
        layers(evidence),
        parity(evidence),
        quantization(evidence),
        history(evidence),
        other_measurements(evidence),
        provenance(evidence),
        all_figures(evidence),
    )
    newest = max(source.record.created for source in evidence.current)
    counts = len(evidence.all)
    subtitle = f"{counts} {'record' if counts == 1 else 'records'}, the newest of {newest:%d %B %Y, %H:%M} UTC"
    return Document(title, subtitle, *outcome(verdicts), tuple(section for section in found if section))
