"""Files that are always there in full, and in a few words why one could not be written."""

from __future__ import annotations

import os
from pathlib import Path

from autograd.errors import DrawingError


def save(path: Path, content: bytes, caller: str) -> Path:
    """Write a file so that it is always there in full, the new one or what was there before, and return its path.

    Raises `DrawingError`, in the name of the caller, if it cannot be written.

    >>> save(Path("missing/graph.svg"), b"<svg/>", "render")
    Traceback (most recent call last):
    autograd.errors.DrawingError: render: cannot write 'missing/graph.svg': No such file or directory; choose a place
    where files can be written
    """
    try:
        _replace(path, content)
    except (OSError, ValueError) as error:  # ValueError: a name that no file can have
        raise DrawingError(
            f"{caller}: cannot write {str(path)!r}: {reason(error)}; choose a place where files can be written"
        ) from error
    return path


def _replace(path: Path, content: bytes) -> None:
    temporary = path.with_name(f".{os.urandom(8).hex()}.tmp")
    try:
        with open(temporary, "xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def reason(error: Exception) -> str:
    """Return why it failed: in the words of the system, where it has any.

    >>> reason(FileNotFoundError(2, "No such file or directory", "graph.svg"))
    'No such file or directory'
    """
    return getattr(error, "strerror", None) or str(error)
