"""What a function of the API returns: a record, as a table too."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

    from .record import Record

__all__ = ["Result"]


@dataclass(frozen=True)
class Result:
    """A record, and its figures as a table.

    Attributes:
        record: what was measured.
    """

    record: Record

    def to_frame(self) -> pd.DataFrame:
        """Return a table with a row for each measurement."""
        import pandas as pd

        return pd.DataFrame(
            [
                {**figure.labels, "metric": figure.metric, "value": figure.value, "unit": str(figure.unit)}
                for figure in self.record.measurements
            ]
        )

    def _repr_html_(self) -> str:
        """Show the table in a notebook."""
        return self.to_frame().to_html()
