"""Make the page of a saved graph: `python -m autograd.explorer graph.json`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from autograd.errors import DrawingError, GraphError
from autograd.explorer import Exploration
from autograd.explorer.contents import Contents


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the page, print where it is, and return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m autograd.explorer", description="Make the page of a saved graph.")
    parser.add_argument("file", type=Path, help="what explore(root).save('graph.json') has written")
    parser.add_argument("-o", "--output", type=Path, help="the page; beside the file, with .html, if not given")
    options = parser.parse_args(arguments)
    try:
        contents = Contents.from_json(options.file.read_bytes())
        print(Exploration(contents).save(options.output or options.file.with_suffix(".html")))
    except (OSError, DrawingError, GraphError, TypeError) as error:
        print(f"{options.file}: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
