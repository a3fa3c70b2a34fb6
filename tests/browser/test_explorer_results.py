"""The page of results in a real browser: what is copied as TeX is what is seen, and compiles; cards can be sorted."""

import itertools
import re
import shutil
import subprocess

import numpy as np
import pytest
from explorer_studies import PLAIN, opened, put

from flat.report.explorer import page as explorer
from flat.report.explorer.block import embedded_json
from flat.report.explorer.content import Content, content

pytestmark = pytest.mark.browser
AA, SA = "after_attack_accuracy_percent", "test_accuracy_percent"
SEEN = "[...document.querySelectorAll('.results tr')].map((row) => [...row.cells].map((cell) => cell.innerText.trim()))"
CATCH = (
    "Object.defineProperty(navigator, 'clipboard', {configurable: true,"
    " value: {writeText: async (text) => { window.copied = text }}})"
)
HEAD = r"""% needs \usepackage{booktabs}

\begin{table*}
\centering
\caption{CAPTION}
\fontsize{8}{9.5}\selectfont
\setlength{\tabcolsep}{4pt}
\begin{tabular}{lllrrrrr}
\toprule
data set & model & attack & base & adv & FLAT & FLAT $-$ adv & adv $-$ base \\
\midrule
"""
FOOT = r"""
\bottomrule
\end{tabular}
\end{table*}
"""
PAPER = r"""\documentclass[OPTIONS]{article}
\usepackage[utf8]{inputenc}
\usepackage{booktabs}
\begin{document}
\input{table.tex}
\end{document}
"""


def copied(page, title: str) -> str:
    """What a press of the button puts into the clipboard."""
    page.ask(CATCH)
    button = f"[...document.querySelectorAll('.copy button')].find((each) => each.innerText === {title!r})"
    page.ask(f"{button}.click()")
    page.settle()
    assert "copied" in page.ask(f"{button}.parentElement.innerText")
    return page.ask("window.copied")


def number(value: float, places: int, sign: bool = False) -> str:
    """Halves go away from zero, as a page rounds them; a minus is TeX's."""
    scaled = np.floor(abs(value) * 10**places + 0.5) / 10**places
    before = "" if not scaled else "$-$" if value < 0 else "+" if sign else ""
    return f"{before}{scaled:.{places}f}"


def stacked(lines: list[str]) -> str:
    return r"\shortstack[r]{" + r"\\".join(f"{{{line}}}" for line in lines) + "}"


def test_the_table_is_copied_as_tex(page, file, made):
    """Made here from the numbers that the page embeds, entry for entry."""
    page.open(file, "results")
    facts = opened(made)[0]
    rows = {row["strategy"]: row for row in facts["results"] if row["metric"] == AA}
    entries = [
        stacked([number(r["value"], 0), f"{r['right']}/{r['of']}", f"[{number(r['low'], 0)}, {number(r['high'], 0)}]"])
        for r in (rows[name] for name in ("base", "adv", "FLAT"))
    ]
    contrasts = [each for each in facts["contrasts"] if each["metric"] == AA]
    assert [(each["of"], each["minus"]) for each in contrasts] == [("FLAT", "adv"), ("adv", "base")]
    for cell in (each["cells"][0] for each in contrasts):
        ends = ", ".join(number(cell[end], 0, True) for end in ("low", "high"))
        entries.append(stacked([number(cell["value"], 0, True), f"[{ends}]"]))
    said = r"AA, percent. Below each value: the texts that it counts and its 95 \% interval."
    title = next(each["title"] for each in facts["metrics"] if each["name"] == AA)
    line = " & ".join(["SST2", "CNN", "TextFooler", *entries]) + r" \\"
    assert copied(page, "Copy as TeX") == HEAD.replace("CAPTION", said.replace("AA", title, 1)) + line + FOOT


@pytest.mark.parametrize("view", ["results", f"results?metric={SA}", "results?metric=kendall_tau&kind=lime/shared"])
def test_every_entry_that_is_seen_is_in_it(page, file, view):
    page.open(file, view)
    text = copied(page, "Copy as TeX").replace("$-$", "−").replace("--", "–")
    head, *rows = page.ask(SEEN)
    body = text.partition("\\midrule\n")[2].partition("\n\\bottomrule")[0].split("\n")
    assert len(body) == len(rows) and text.count(r"\begin{table*}") == 1
    for line, row in zip(body, rows, strict=True):
        cells = [re.sub(r"\\shortstack\[r\]|[{}]", "", cell).split(r"\\") for cell in line[:-3].split(" & ")]
        assert cells == [re.split(r"\n+", cell) for cell in row]
    assert len(head) == len(rows[0])


def hostile(made: Content) -> Content:
    """The page of a large study, of which every title is TeX or would end a row."""
    facts, _ = opened(made)
    nasty = [r"50\% & more_$x^2$ #1 {a} ~b", "[3pt]", r"\input{x} \\", "*", "<a|b> “c” – φ", "\u202etxet\x07"]
    facts["models"] = [{"name": f"m{at}", "title": f"{title} {at}"} for at, title in enumerate(nasty)]
    facts["datasets"] = [facts["datasets"][0] | {"name": f"d{at}", "title": title} for at, title in enumerate(nasty)]
    facts["strategies"] += [facts["strategies"][2] | {"name": f"s{at}", "title": f"FLAT, {at}"} for at in range(6)]
    one = [row for row in facts["results"] if row["metric"] == AA]
    flat = next(row for row in one if row["strategy"] == "FLAT")
    more = [*one, *(flat | {"strategy": f"s{at}"} for at in range(6))]
    cells = itertools.product(range(len(nasty)), repeat=2)
    facts["results"] = [row | {"dataset": f"d{d}", "model": f"m{m}"} for d, m in cells for row in more]
    return Content(embedded_json(facts), made.columns)


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="pdflatex is not installed")
@pytest.mark.parametrize("options", ["twocolumn,a4paper", "twocolumn,letterpaper"])
def test_it_compiles_and_fits_whatever_its_titles_say(page, made, tmp_path, options):
    place = tmp_path / "explorer.html"
    place.write_text(explorer.build("t", hostile(made)), "utf-8")
    page.open(place, "results")
    text = copied(page, "Copy as TeX")
    assert text.count(r"\begin{table*}") > 4 and text.count(r"\caption{Continued.}") > 3
    (tmp_path / "table.tex").write_text(text, "utf-8")
    (tmp_path / "paper.tex").write_text(PAPER.replace("OPTIONS", options))
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "-no-shell-escape", "paper.tex"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, errors="replace")
    assert done.returncode == 0, done.stdout[-3000:]
    assert not re.findall(r"^Overfull.*$", done.stdout, re.M)


def test_what_is_copied_is_what_is_sorted_and_cut(page, made, tmp_path):
    place = tmp_path / "explorer.html"
    place.write_text(explorer.build("t", hostile(made)), "utf-8")
    page.open(place, "results?dataset=d1&by=-model")
    body = re.findall(r"^(.*) \\\\$", copied(page, "Copy as TeX"), re.M)
    models = [re.findall(r"\d", line.split(" & ")[1])[-1] for line in body if line.startswith("{[3pt]}")]
    floats = len(models) // 6
    assert floats > 1 and models == [*"543210"] * floats
    assert len(copied(page, "Copy as CSV").splitlines()) == 1 + 6 * 9


def test_cards_can_be_sorted(page, made, tmp_path):
    """No heading sorts where rows are cards: there a menu does, and nowhere else."""
    place = tmp_path / "explorer.html"
    study = put(tmp_path, PLAIN)
    facts, _ = opened(content(study, root="", draws=100))
    more = [r | {"dataset": f"d{at}", "value": (at * 7) % 5} for at in range(5) for r in facts["results"]]
    facts["datasets"] = [facts["datasets"][0] | {"name": f"d{at}", "title": f"D{at}"} for at in range(5)]
    facts["results"] = more
    place.write_text(explorer.build("t", Content(embedded_json(facts), made.columns)), "utf-8")
    menu = "document.querySelector('.sorting select')"
    page.open(place, "results", 1440)
    assert page.ask(f"{menu}.getClientRects().length") == 0
    page.open(place, "results", 400)
    assert page.ask(f"{menu}.getClientRects().length") == 1
    names = page.ask(f"[...{menu}.options].map((each) => each.text)")
    assert "FLAT, highest first" in names and "data set" in names
    page.ask(
        f"{{ {menu}.value = [...{menu}.options].find((each) => each.text === 'FLAT, highest first').value;"
        f" {menu}.dispatchEvent(new Event('change', {{bubbles: true}})) }}"
    )
    page.settle()
    assert [row[0] for row in page.ask(SEEN)[1:]] == ["D2", "D4", "D1", "D3", "D0"]
    assert page.ask("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    page.open(place, page.ask("location.hash")[1:], 400)
    assert page.ask(f"{menu}.selectedOptions[0].text") == "FLAT, highest first"
