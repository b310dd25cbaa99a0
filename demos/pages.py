"""Pages that need nothing but themselves: one file with its style, its script and its data, and no network.

Data stand in the page as JSON in which no character means anything to HTML, and its script puts them on the screen as
text, never as markup. A content security policy lets the browser run this script, and nothing else.
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent
POLICY = "default-src 'none'; style-src {style}; script-src {script}; base-uri 'none'; form-action 'none'"
MARKUP = {ord(character): f"\\u{ord(character):04x}" for character in "<>&"}  # what could end a script in HTML


def page(name: str, title: str, data: Any) -> str:
    """Return the page made of `name.html`, `name.css` and `name.js` in this folder, and of data for its script.

    >>> "<title>a &lt; b</title>" in page("organisation", "a < b", "</script>")
    True
    """
    template, style, script = (FOLDER.joinpath(f"{name}.{kind}").read_text("utf-8") for kind in ("html", "css", "js"))
    parts = {
        "POLICY": POLICY.format(style=_fingerprint(style), script=_fingerprint(script)),
        "TITLE": html.escape(title),
        "STYLE": style,
        "DATA": json.dumps(data, allow_nan=False).translate(MARKUP),
        "SCRIPT": script,
    }
    pieces = template.split("@@")  # text, the name of a part, text, …
    return "".join(parts[piece] if place % 2 else piece for place, piece in enumerate(pieces))


def _fingerprint(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
