"""Labels that mean something to DOT, SVG, HTML, JavaScript, templates, terminals or shells that do not take care."""

from __future__ import annotations

from itertools import product

MEANINGFUL = [
    "{", "}", "|", "<", ">", "<port>", "a|b", "{a|{b|c}}", "\\", "\\\\", "\\\\\\", "a\\", "\\N", "\\G", "\\L",
    "\\n", "\\l", "\\r", "\\{", "\\|", "\\ ", '\\"', '"', '""', '"];evil[label="', '" onload="alert(1)', "charset=",
    'charset="latin1"', "&", "&amp;", "&amp;amp;", "&lt;", "&#65;", "&#x41;", "&nbsp;", "&copy", "&;", "<b>",
    "<b>bold</b>", "<<b>x</b>>", "<TABLE><TR><TD>x</TD></TR></TABLE>", "</text>", "</script>",
    "<script>alert(1)</script>", "<!-- x -->", "-->", "]]>", "<![CDATA[x]]>", "<?xml?>", " ", "  ", " a", "a ",
    "  a  b  ", "\xa0", "a\tb", "a\nb", "a\r\nb", "\x00", "a\x00b", "\x1b[31m", "\x7f", "\x80", "\x85", "\u2028",
    "\u2029", "\ud800", "\udfff", "a\ud83d", "\ufffe", "\uffff", "\U0010ffff", "é", "e\u0301", "😀", "👩‍👩‍👧", "שלום",
    "\u202eright to left\u202c", "مرحبا", "日本語", "\u200b", "%", "%s", "$HOME", "`ls`", "; rm -rf /", "#", "//",
    "/* */", "node", "digraph", "strict", "1", "-1.5", "∂L/∂x", "a" * 60,
    "<img src=x onerror=alert(1)>", "<svg onload=alert(1)>", "'\"><iframe src=javascript:alert(1)>", "{{7*7}}",
    "${alert(1)}", "\u2028alert(1)\u2029", "</title>", "</style><style>*{display:none}", "javascript:alert(1)",
    "<a href=//localhost>x</a>", "__proto__", "constructor", "\\u003c", "\u202egnirts", "%0a", "@@SCRIPT@@", "}//",
    "a.b", "a.0", "..", "\ue000\uf8ff",
]  # fmt: skip
PAIRS = [one + other for one, other in product(MEANINGFUL, MEANINGFUL)]
HOSTILE = [*dict.fromkeys(label[:60] for label in (*MEANINGFUL, *PAIRS[::29]))]
