"""Static files as they are collected: what is imported stands in the file that imports it, so that a page asks once.

Sources stay small modules and style sheets that a browser can take as they are, which it does in tests. A module
that two entries import is in both: it must keep no state of its own.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterator
from pathlib import PurePosixPath
from typing import Any

from django.core.files.base import ContentFile
from django.core.files.storage import InMemoryStorage
from whitenoise.storage import CompressedManifestStaticFilesStorage

STYLES = ("css/app.css",)
_CSS_IMPORT = re.compile(r'^@import "([\w./-]+)"(?: (\w+))?;$', re.MULTILINE)
_JS_IMPORT = re.compile(r'^import \{([^}]*)\}\s+from "(\.[\w./-]+)";$', re.MULTILINE)
_JS_EXPORT = re.compile(r"^export ((?:async )?(?:function|class|const) (\w+))", re.MULTILINE)
# What cannot be joined: a way to import or to export that is not one of ours, and what asks for its own address.
_OTHER = re.compile(r"^(?:import|export)\b.*$|\bimport\.meta\b", re.MULTILINE)

Read = Callable[[str], str]


def joined_style(name: str, read: Read) -> str:
    """Return the style sheet `name` with what it imports in place; `read` gives a file's text by its name."""

    def imported(match: re.Match[str]) -> str:
        text = joined_style(_beside(name, match[1]), read).strip()
        return f"@media {match[2]} {{\n{text}\n}}" if match[2] else text

    return _CSS_IMPORT.sub(imported, read(name))


def joined_module(name: str, read: Read) -> str:
    """Return the module `name` with the modules that it imports before it, each in a scope of its own.

    Raises ValueError for a circle of imports, and for whatever is imported or exported in another way than ours.
    """
    order: dict[str, str] = {}
    _collect(name, read, order, ())
    numbers = {found: number for number, found in enumerate(order)}
    return "\n".join(_scope(found, text, numbers) for found, text in order.items())


def _collect(name: str, read: Read, order: dict[str, str], above: tuple[str, ...]) -> None:
    if name in above:
        raise ValueError(f"Modules import each other: {' > '.join((*above, name))}")
    if name in order:
        return
    text = read(name)
    for match in _JS_IMPORT.finditer(text):
        _collect(_beside(name, match[2]), read, order, (*above, name))
    order[name] = text


def _scope(name: str, text: str, numbers: dict[str, int]) -> str:
    exported = [match[2] for match in _JS_EXPORT.finditer(text)]
    text = _JS_IMPORT.sub(lambda match: _taken(name, match, numbers), text)
    text = _JS_EXPORT.sub(r"\1", text)
    other = _OTHER.search(text)
    if other is not None:
        raise ValueError(f"{name} cannot be joined: {other[0]}")
    return f"const module{numbers[name]} = (() => {{\n{text}return {{ {', '.join(exported)} }};\n}})();"


def _taken(name: str, match: re.Match[str], numbers: dict[str, int]) -> str:
    names = re.sub(r"(\w+)\s+as\s+(\w+)", r"\1: \2", " ".join(match[1].split()))
    return f"const {{ {names} }} = module{numbers[_beside(name, match[2])]};"


def _beside(name: str, path: str) -> str:
    return posixpath.normpath(posixpath.join(posixpath.dirname(name), path))


def entries(names: Iterator[str] | list[str], read: Read) -> list[str]:
    """Return the modules that no other one imports: pages name them."""
    modules = [name for name in names if PurePosixPath(name).suffix == ".js"]
    imported = {_beside(name, match[2]) for name in modules for match in _JS_IMPORT.finditer(read(name))}
    return sorted(set(modules) - imported)


class JoinedStaticFilesStorage(CompressedManifestStaticFilesStorage):
    """Collected files with their hashes and compressed, as WhiteNoise makes them, of what has been joined."""

    def post_process(self, paths: dict[str, Any], dry_run: bool = False, **options: Any) -> Iterator[Any]:
        """Join, then go on with what stands in memory in place of the sources."""

        def read(name: str) -> str:
            storage, path = paths[name]
            with storage.open(path) as file:
                return str(file.read().decode())

        ours = [name for name in paths if name.startswith(("js/", "css/"))]
        whole = {name: joined_module(name, read) for name in entries(ours, read)}
        whole |= {name: joined_style(name, read) for name in STYLES if name in paths}
        memory = InMemoryStorage()
        for name, text in whole.items():
            memory.save(name, ContentFile(text.encode()))
        yield from super().post_process({**paths, **{name: (memory, name) for name in whole}}, dry_run, **options)
