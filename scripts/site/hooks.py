"""What `mkdocs build` does besides: pages that are generated, pages from outside docs/, and the links between them.

Options come from the commands themselves, the JSON from its schema, so neither can be out of date.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts" / "site"))
from outside_requests import outside_requests  # noqa: E402  # beside this file, which mkdocs loads by its path
from report_keys import report_keys  # noqa: E402

# Pages that live where readers of the repository look for them.
ELSEWHERE = {
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md",
    **{f"benchmarks/{page.name}": f"benchmarks/{page.name}" for page in (ROOT / "benchmarks").glob("*.md")},
}
_LINK = re.compile(r"(?<!!)\[([^]]+)\]\((?!https?:|#)([^)\s#]+)(#[^)]*)?\)")
# A bar in code in a table is escaped for GitHub; the site's Markdown would show the escape.
_CODE_IN_TABLE = re.compile(r"`[^`\n]*\\\|[^`\n]*`")


def on_files(files: Files, *, config: MkDocsConfig) -> Files:
    """Add the generated pages and those from elsewhere."""
    pages = {there: (ROOT / here).read_text("utf-8") for here, there in ELSEWHERE.items()}
    pages["reference/options.md"] = options()
    pages["reference/report.md"] = report_keys(ROOT / "sor" / "report" / "schema.json")
    for name, text in pages.items():
        files.append(File.generated(config, name, content=text))
    return files


def options() -> str:
    """The page of all commands, from the program that `make setup` installed: the site's own packages have no numpy."""
    command = [ROOT / ".venv" / "bin" / "python", ROOT / "scripts" / "site" / "options.py"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise PluginError(f"scripts/site/options.py: {done.stderr.strip() or done.returncode}")
    return done.stdout


def on_page_markdown(markdown: str, *, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Links that lead out of docs/ lead to the site's page of that file, or become the file's name."""
    here = next((ROOT / name for name, there in ELSEWHERE.items() if there == page.file.src_uri), None)
    folder = here.parent if here else (Path(config.docs_dir) / page.file.src_uri).parent

    def on_site(link: re.Match[str]) -> str:
        text, target, anchor = link[1], (folder / link[2]).resolve(), link[3] or ""
        if not target.exists() and files.get_file_from_path(_site_path(folder, link[2], config)) is None:
            return link[0]  # the build says that it leads nowhere
        place = _place(target, Path(config.docs_dir))
        if place is None:
            return f"`{target.relative_to(ROOT)}`" if text.strip("`") in str(target) else text
        ups = "../" * page.file.src_uri.count("/")
        return f"[{text}]({ups}{place}{anchor})"

    return _CODE_IN_TABLE.sub(lambda code: code[0].replace(r"\|", "|"), _LINK.sub(on_site, markdown))


def on_post_build(*, config: MkDocsConfig) -> None:
    """No page asks another host for anything."""
    if found := outside_requests(Path(config.site_dir)):
        raise PluginError(f"the site loads from elsewhere: {'; '.join(found)}")


def _site_path(folder: Path, link: str, config: MkDocsConfig) -> str:
    target = (folder / link).resolve()
    docs = Path(config.docs_dir)
    return target.relative_to(docs).as_posix() if target.is_relative_to(docs) else ""


def _place(target: Path, docs: Path) -> str | None:
    """Where a file is on the site, None where it is not."""
    if target.is_relative_to(docs):
        return target.relative_to(docs).as_posix()
    return ELSEWHERE.get(target.relative_to(ROOT).as_posix()) if target.is_relative_to(ROOT) else None
