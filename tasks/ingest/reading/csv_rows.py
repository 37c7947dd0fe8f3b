"""Csv a row at a time, by Python's own reader: it takes all that csv allows, and says of each row what is wrong."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from typing import Any

from infra.errors import SourceError
from tasks.ingest.reading.batches import Line, is_text
from tasks.ingest.reading.csv_text import CsvText

MAX_VALUE_MIB = 16


class CsvRows:
    """Rows from where `text` stands. What was read of it ends with a row."""

    def __init__(self, file: str, text: CsvText, delimiter: str) -> None:
        self.file, self.text, self.delimiter = file, text, delimiter
        csv.field_size_limit(MAX_VALUE_MIB << 20)

    def header(self) -> list[str]:
        """The names in the first row.

        Raises:
            SourceError: they can't be read, or are not distinct.
        """
        try:
            header = [name.strip() for name in next(self._reader(), [])]
        except csv.Error as error:
            raise csv_error(
                self.file, f"a broken header: {error}", "names separated by the delimiter", "Mend the header."
            ) from error
        twice = sorted({name for name in header if header.count(name) > 1})
        if twice or not is_text(header):
            found = f"the columns {', '.join(map(repr, twice))} twice" if twice else "a header that is not UTF-8"
            raise csv_error(self.file, found, "a header of distinct names in UTF-8", "Mend the header.")
        return header

    def read(self, width: int, size: int, most: int) -> list[Line]:
        """The rows in at least the next `size` bytes, or the next `most` rows."""
        reader, lines, stop = self._reader(), list[Line](), self.text.position + size
        while len(lines) < most and self.text.position < stop:
            start = self.text.line
            try:
                values = next(reader, None)
            except csv.Error as error:
                lines.append(Line(start, [], self._reason(error, start)))
                continue
            if values is None:
                break
            if values:  # a blank line is no row
                lines.append(Line(start, values, "" if len(values) == width else "wrong number of values"))
        return lines

    def _reader(self) -> Iterator[list[str]]:
        reader: Any = csv.reader(self.text.lines(), delimiter=self.delimiter, strict=True)
        return reader  # type: ignore[no-any-return]

    def _reason(self, error: csv.Error, start: int) -> str:
        """Why a row is set aside. Where it can't be told where the next one begins, the file is refused."""
        if "end of data" in str(error):
            found = f"a quote opened at line {start} that is not closed"
            raise csv_error(self.file, found, "balanced quotes", "Mend that line.") from error
        if "field limit" not in str(error):
            return "broken quoting"
        if self.text.line - 1 > start:
            found = f"a value of more than {MAX_VALUE_MIB} MiB from line {start} on"
            action = "Look for a quote that is not closed, or cut the value."
            raise csv_error(self.file, found, "smaller values", action) from error
        return f"a value of more than {MAX_VALUE_MIB} MiB"


def csv_error(file: str, found: str, allowed: str, action: str) -> SourceError:
    """What a csv file met that no row can be blamed for."""
    return SourceError(f"source {file}", found=found, allowed=allowed, action=action)
