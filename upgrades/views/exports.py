"""A list as a file, sent line by line however long it is: CSV that a spreadsheet opens without harm, or JSON lines."""

import csv
import io
import json
import re
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from typing import Any

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
    return _file(f"{name}-{timezone.now():%Y-%m-%d}.csv", "text/csv", "\ufeff" + _csv([head]), map(_csv, batches))


def json_lines_file(
    name: str, head: Mapping[str, Any], batches: Iterator[Sequence[Mapping[str, Any]]]
) -> StreamingHttpResponse:
    """An answer that is saved as `name`-<day>.jsonl: one JSON object a line (jsonlines.org), `head` the first."""
    file_name = f"{name}-{timezone.now():%Y-%m-%d}.jsonl"
    return _file(file_name, "application/jsonl", _json([head]), map(_json, batches))


def _file(file_name: str, kind: str, first: str, texts: Iterator[str]) -> StreamingHttpResponse:
    answer = StreamingHttpResponse(_sent(first, texts), content_type=f"{kind}; charset=utf-8")
    answer.headers["Content-Disposition"] = f'attachment; filename="{file_name}"'
    return answer


async def _sent(first: str, texts: Iterator[str]) -> AsyncIterator[str]:
    """The text of the file by batches. Under ASGI Django would read a plain iterator to its end before it sends."""
    yield first
    while (text := await sync_to_async(_next)(texts)) is not None:
        yield text


def _next(texts: Iterator[str]) -> str | None:
    return next(texts, None)


def _csv(lines: Sequence[Line]) -> str:
    text = io.StringIO()
    csv.writer(text).writerows([harmless(value) for value in line] for line in lines)
    return text.getvalue()


def _json(lines: Sequence[Mapping[str, Any]]) -> str:
    return "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
