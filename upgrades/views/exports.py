"""A list as a CSV file that a spreadsheet opens without harm, sent line by line however long it is."""

import csv
import io
import re
from collections.abc import AsyncIterator, Iterator, Sequence

from asgiref.sync import sync_to_async
from django.http import StreamingHttpResponse
from django.utils import timezone

Line = Sequence[object]
# A cell that begins so is a formula to Excel, LibreOffice or a Chinese WPS (OWASP, CSV injection). A spreadsheet may
# be told to part cells at semicolons or tabs too, and takes off quotes: then a cell begins after each of these.
_FORMULA = re.compile(r'(^|[;\t\r\n])(?=[ "]*[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20])')


def harmless(value: object) -> str:
    """The text of a cell: what would be a formula gets an apostrophe before it; None is empty."""
    if isinstance(value, int):
        return str(value)
    return "" if value is None else _FORMULA.sub(r"\1'", str(value))


def csv_file(name: str, head: Line, batches: Iterator[Sequence[Line]]) -> StreamingHttpResponse:
    """An answer that is saved as `name`-<day>.csv: UTF-8 with its mark, without which Excel takes Chinese for noise.

    `batches`: the lines by some hundreds; each batch is asked for when the one before it was sent.
    """
    answer = StreamingHttpResponse(_sent(head, batches), content_type="text/csv; charset=utf-8")
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}-{timezone.now():%Y-%m-%d}.csv"'
    return answer


async def _sent(head: Line, batches: Iterator[Sequence[Line]]) -> AsyncIterator[str]:
    """The text of the file by batches. Under ASGI Django would read a plain iterator to its end before it sends."""
    yield "\ufeff" + _text([head])
    while (text := await sync_to_async(_next_text)(batches)) is not None:
        yield text


def _next_text(batches: Iterator[Sequence[Line]]) -> str | None:
    lines = next(batches, None)
    return None if lines is None else _text(lines)


def _text(lines: Sequence[Line]) -> str:
    text = io.StringIO()
    csv.writer(text).writerows([harmless(value) for value in line] for line in lines)
    return text.getvalue()
