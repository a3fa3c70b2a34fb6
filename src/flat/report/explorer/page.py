"""The explorer: one html file with a study's pairs and numbers, which loads nothing from anywhere.

Its one script and its styles are allowed by their digests alone; the data are letters that the script unpacks, and it
puts every text on the page as text.
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

HERE = Path(__file__).parent
SCRIPT, STYLE = HERE / "bundle.js", HERE / "explorer.css"
HEAD = '<script type="text/plain" id="head">([^<]*)</script>'
DATA = '<script type="text/plain" id="{name}">{text}</script>\n'
PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}: explorer</title>
<style>{style}</style>
</head>
<body>
<div id="app"><noscript><p>This page needs JavaScript. The tables and figures of the study are in
<a href="report.html">report.html</a>, which needs none.</p></noscript></div>
{data}<script>{script}</script>
</body>
</html>
"""


def build(title: str, content: Content) -> str:
    """The page as html.

    Raises:
        ArtefactError: the script or the styles hold what would end their element.
    """
    script, style = (path.read_text(encoding="utf-8") for path in (SCRIPT, STYLE))
    for path, text, end in ((SCRIPT, script, "</script"), (STYLE, style, "</style")):
        if end in text.lower() or "<!--" in text:
            raise ArtefactError(str(path), f"it holds {end} or <!--", "build it again: explorer/README.md")
    policy = f"default-src 'none'; script-src {_digest(script)}; style-src {_digest(style)}"
    data = "".join(DATA.format(name=name, text=getattr(content, name)) for name in ("head", "columns"))
    return PAGE.format(
        policy=f"{policy}; base-uri 'none'; form-action 'none'",
        title=escape(title),
        style=style,
        data=data,
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
