"""The explorer: one html file with a study's pairs and numbers, which loads nothing from anywhere.

Its one script and its styles are allowed by their digests alone; the data are letters that the script unpacks, and it
puts every text on the page as text. The page of a large study may load the chunks beside it and nothing else: a script
has to bear the page's own number (a nonce, drawn from what it holds) and to lie where the page does. Digests would be
stricter, but browsers check none of a file on a disk.
"""

import base64
import json
import re
import zlib
from hashlib import sha256
from html import escape
from pathlib import Path

from flat.errors import ArtefactError
from flat.files.failures import of_reading
from flat.report.explorer.block import taken_out
from flat.report.explorer.content import Content

EXPLORER, COMPARISON = "explorer", "comparison"
WITHOUT = {
    EXPLORER: 'The tables and figures of the study are in <a href="report.html">report.html</a>, which needs none.',
    COMPARISON: "Without --html, flat compare prints the numbers.",
}
POLICY = '<meta http-equiv="Content-Security-Policy" content="{}">\n'
HERE = Path(__file__).parent
SCRIPT, STYLE = HERE / "bundle.js", HERE / "explorer.css"
HEAD = '<script type="text/plain" id="head">([^<]*)</script>'
DATA = '<script type="text/plain" id="{name}">{text}</script>\n'
PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
{policies}<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}: {kind}</title>
<style>{style}</style>
</head>
<body>
<div id="app"><noscript><p>This page needs JavaScript. {without}</p></noscript></div>
{data}<script{nonce}>{script}</script>
</body>
</html>
"""


def build(title: str, content: Content, kind: str = EXPLORER) -> str:
    """The page as html: of one study, or of two that were compared.

    Raises:
        ArtefactError: the script or the styles hold what would end their element.
    """
    script, style = (path.read_text(encoding="utf-8") for path in (SCRIPT, STYLE))
    for path, text, end in ((SCRIPT, script, "</script"), (STYLE, style, "</style")):
        if end in text.lower() or "<!--" in text:
            raise ArtefactError(str(path), f"it holds {end} or <!--", "build it again: explorer/README.md")
    data = "".join(DATA.format(name=name, text=getattr(content, name)) for name in ("head", "columns"))
    nonce = sha256(data.encode()).hexdigest()[:32] if content.chunked else ""
    marked = f"{_digest(script)} 'nonce-{nonce}'" if nonce else _digest(script)
    policies = [
        f"default-src 'none'; script-src {marked}; style-src {_digest(style)}; base-uri 'none'; form-action 'none'"
    ]
    if nonce:  # what is loaded has to keep to both
        policies.append(f"script-src {_digest(script)} 'self'")
    return PAGE.format(
        policies="".join(map(POLICY.format, policies)),
        title=escape(title),
        kind=kind,
        without=WITHOUT[kind],
        style=style,
        data=data,
        nonce=f' nonce="{nonce}"' if nonce else "",
        script=script,
    )


def facts_of(file: Path) -> dict:
    """The names and numbers that a written page embeds.

    Raises:
        ArtefactError: the file is absent, or is no such page.
    """
    try:
        found = re.search(HEAD, file.read_text(encoding="utf-8"))
        return json.loads(taken_out(found.group(1)))
    except (OSError, AttributeError, ValueError, zlib.error) as error:
        problem = of_reading(error, file) or ArtefactError(
            str(file), f"not a page of the explorer ({error})", "run snakemake explorer again"
        )
        raise problem from None


def _digest(text: str) -> str:
    return f"'sha256-{base64.b64encode(sha256(text.encode()).digest()).decode('ascii')}'"
