"""The page: one HTML file with everything in it, which asks nothing of any network.

Data stand in it as JSON, in ASCII and without a character that means something to HTML; the page's scripts put them on
the screen as text, never as markup. A content security policy lets the browser run the scripts of this file, by their
hashes, and nothing else.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import html
from functools import cache
from pathlib import Path

from autograd.explorer.contents import Contents

FOLDER = Path(__file__).parent
SCRIPTS = ["floats.js", "primitives.js", "graph.js", "layout.js", "formula.js", "drawing.js", "app.js"]
POLICY = (
    "default-src 'none'; script-src {script} 'wasm-unsafe-eval'; style-src {style}; worker-src blob:;"
    " base-uri 'none'; form-action 'none'"
)
# The only characters of JSON in ASCII that could end a script or begin markup.
MARKUP = {ord(c): f"\\u{ord(c):04x}" for c in "<>&"}


@cache
def source(name: str) -> str:
    """Return the text of a file of this package."""
    return FOLDER.joinpath(name).read_text(encoding="utf-8")


def page(contents: Contents, title: str) -> str:
    """Return the page that shows the contents."""
    script, style = "\n".join(map(source, SCRIPTS)), source("style.css")
    parts = {
        "POLICY": POLICY.format(script=_hash(script), style=_hash(style)),
        "TITLE": html.escape(title),
        "STYLE": style,
        "DATA": contents.to_json().translate(MARKUP),
        "NOTICE": source("vendored/LICENSE"),
        "GRAPHVIZ": _graphviz(),
        "SCRIPT": script,
    }
    pieces = source("page.html").split("@@")  # text, name of a part, text, …
    return "".join(parts[piece] if place % 2 else piece for place, piece in enumerate(pieces))


@cache
def _graphviz() -> str:
    """Return the program for layouts, packed: in ASCII, and half as long."""
    return base64.b64encode(gzip.compress(source("vendored/viz-global.js").encode(), mtime=0)).decode()


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"
