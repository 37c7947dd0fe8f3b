"""Parts of a report in files: one JSON a part, with a name of its own."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar, Self

from pydantic import BaseModel, ConfigDict, ValidationError

from infra.errors import SourceError


class ReportPart(BaseModel):
    """One part of a report. A number that can't be told is None, never NaN."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    FILE: ClassVar[str]

    def save(self, report: Path) -> None:
        """Write it into the folder of a report."""
        (report / self.FILE).write_text(self.model_dump_json(indent=2) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, report: Path) -> Self | None:
        """The part of a report; None where it has none.

        Raises:
            SourceError: it can't be read.
        """
        try:
            return cls.model_validate_json((report / cls.FILE).read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError, ValidationError) as error:
            reason = f"{error.error_count()} wrong fields" if isinstance(error, ValidationError) else str(error)
            raise SourceError(
                f"report {report}",
                found=f"{cls.FILE} that can't be read ({reason})",
                allowed="the file as evaluation wrote it",
                action="Measure the model again.",
            ) from None
