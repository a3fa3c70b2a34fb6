"""What mkdocs needs beyond docs/: README and other pages of the repository's top, and files that pages link to.

A link out of docs/ leads to the page that a file of the repository has here: its own for a page, its text for another
file. So the links of pages hold on the site as they do in the repository. A folder has no page: its name stays, as
text.
"""

import posixpath
import re
from pathlib import Path, PurePosixPath

from mkdocs.structure.files import File

ROOT = Path(__file__).resolve().parents[2]
# Page of the repository -> page of the site
PAGES = {
    "README.md": "index.md",
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "config/README.md": "configure.md",
}
SHOWN = "repository"  # the folder of files that are shown as they are
LANGUAGES = {".py": "python", ".yaml": "yaml", ".cff": "yaml", ".smk": "python", ".sh": "sh", ".json": "json"}
CODE = re.compile(r"^( *)(```|~~~).*?^ *\2[^\S\n]*$|(`+).+?\3", re.M | re.S)
LINK = re.compile(r"(!?)\[([^\]]*)\]\(([^)\s]+)\)")
ATTRIBUTE = re.compile(r"(<(?:a|img)\b[^>]*?\b(?:href|src)=\")([^\"]+)(\")")


def on_config(config):
    """Anchors of headings as GitHub makes them."""
    config.mdx_configs["toc"]["slugify"] = anchor
    return config


def anchor(heading: str, separator: str) -> str:
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", separator)


def on_files(files, config):
    """Add the pages outside docs/, and each file that a page links to."""
    for path, page in PAGES.items():
        files.append(File.generated(config, page, content=(ROOT / path).read_text(encoding="utf-8")))
    for path in sorted(linked_files(files.documentation_pages())):
        files.append(File.generated(config, f"{SHOWN}/{path}.md", content=as_page(path)))
    return files


def linked_files(pages) -> set[str]:
    """The files of the repository that pages link to and that are no pages themselves."""
    named = {in_repository(target, page.src_uri) for page in pages for target in targets(page.content_string)}
    files = {path for path in named - {None, *PAGES} if not path.startswith("docs/")}
    return {path for path in files if (ROOT / path).is_file()}


def on_page_markdown(markdown, page, config, files):
    """The page with its links as they hold on the site."""
    here = page.file.src_uri

    def link(found) -> str:
        picture, text, target = found.groups()
        new = site_target(target, here)
        return text if new is None else f"{picture}[{text}]({new})"

    def attribute(found) -> str:
        return f"{found[1]}{site_target(found[2], here) or found[2]}{found[3]}"

    return outside_code(markdown, lambda text: ATTRIBUTE.sub(attribute, LINK.sub(link, text)))


def outside_code(markdown: str, change) -> str:
    """Change what stands outside of code. A link's text may hold code: its brackets then lie in two parts."""
    kept: list[str] = []

    def keep(found) -> str:
        kept.append(found[0])
        return f"\x00{len(kept) - 1}\x00"

    changed = change(CODE.sub(keep, markdown))
    return re.sub("\x00(\\d+)\x00", lambda found: kept[int(found[1])], changed)


def targets(markdown: str) -> list[str]:
    text = CODE.sub("", markdown)
    return [found[3] for found in LINK.finditer(text)] + [found[2] for found in ATTRIBUTE.finditer(text)]


def source_of(page: str) -> str:
    """Where a page of the site lies in the repository."""
    return next((path for path, name in PAGES.items() if name == page), f"docs/{page}")


def in_repository(target: str, page: str) -> str | None:
    """The file of the repository that a page's link names; None: an address, or a heading of the same page."""
    path = target.partition("#")[0]
    if not path or re.match(r"[a-z]+:", target):
        return None
    return posixpath.normpath(posixpath.join(posixpath.dirname(source_of(page)), path))


def site_target(target: str, page: str) -> str | None:
    """The link on the site; None where it names a folder of the repository, which has no page."""
    path = in_repository(target, page)
    if path is None or page.startswith(f"{SHOWN}/"):
        return target
    if (ROOT / path).is_dir():
        return None
    if path in PAGES:
        there = PAGES[path]
    elif path.startswith("docs/"):
        there = path.removeprefix("docs/")
    else:  # a file that is absent stays a broken link, which mkdocs reports
        there = f"{SHOWN}/{path}.md" if (ROOT / path).is_file() else path
    anchor = target.partition("#")[2]
    return posixpath.relpath(there, posixpath.dirname(page) or ".") + (f"#{anchor}" if anchor else "")


def as_page(path: str) -> str:
    """A file as a page: its text as code. A page of Markdown, too, so that its own links are not this site's."""
    text = (ROOT / path).read_text(encoding="utf-8")
    fence = "`" * (3 + max(map(len, re.findall("`+", text)), default=0))
    return f"# {path}\n\n{fence}{LANGUAGES.get(PurePosixPath(path).suffix, 'text')}\n{text.rstrip()}\n{fence}\n"
