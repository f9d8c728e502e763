"""The page: sections in order, style and script inside, nothing loaded from anywhere."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path

from hub.contract import figures
from hub.contract.results import BuildResult
from hub.edge.files import write_text
from hub.report.markup import Html, element, slug
from hub.report.sections.bases import bases
from hub.report.sections.calibration import calibration
from hub.report.sections.data import data
from hub.report.sections.headline import headline
from hub.report.sections.labels import confusion, labels
from hub.report.sections.origin import provenance, recipe
from hub.report.sections.results import costs, gates, left_out, results
from hub.report.sections.search import search
from hub.report.sections.training import training
from hub.report.view import View

_SECTIONS = (
    ("Results", results),
    ("Gates", gates),
    ("Size and time", costs),
    ("Search under the budget", search),
    ("Base models", bases),
    ("Training", training),
    ("Labels", labels),
    ("Confusion", confusion),
    ("Calibration and abstention", calibration),
    ("Data", data),
    ("Recipe", recipe),
    ("Provenance", provenance),
    ("Left out", left_out),
)


def write_report(result: BuildResult, target: Path) -> None:
    """Write the report of a build as one HTML file, whole or not at all.

    Args:
        result: what the build measured.
        target: file to create or replace.
    """
    write_text(target, page_text(result))


def page_text(result: BuildResult) -> str:
    """Return the report of a build as HTML; equal results give equal text.

    Args:
        result: what the build measured.

    Returns:
        A complete page that loads nothing: a policy in its head lets a browser refuse anything but its
        own style and script, even if markup were smuggled in.
    """
    view = View(figures.published(result))
    shown = [(title, content) for title, make in _SECTIONS if (content := make(view))]
    return document(f"{view.result.task} – build report", headline(view), shown)


def document(title: str, header: Html, shown: Sequence[tuple[str, Html]]) -> str:
    """Return a page as text.

    Args:
        title: of the window.
        header: what is seen first.
        shown: sections in their order, each with its title; `hub.report.sections.parts.section` makes them.
    """
    contents = element("ul", *(element("li", element("a", name, href=f"#{slug(name)}")) for name, _ in shown))
    body = element(
        "body",
        header,
        element("nav", contents, aria_label="Contents"),
        element("main", *(content for _, content in shown)),
        element("script", Html(_asset("sort.js"))),
    )
    return f"<!DOCTYPE html>\n{element('html', _head(title), body, lang='en')}\n"


def _head(title: str) -> Html:
    script = base64.b64encode(hashlib.sha256(_asset("sort.js").encode()).digest()).decode()
    policy = (
        "default-src 'none'; style-src 'unsafe-inline'; img-src data:; "
        f"script-src 'sha256-{script}'; base-uri 'none'; form-action 'none'"
    )
    return element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=policy),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"),
        element("title", title),
        # Without this a browser asks the server for an icon.
        element("link", rel="icon", href="data:,"),
        element("style", Html(_asset("style.css"))),
    )


def _asset(name: str) -> str:
    return files("hub.report").joinpath(name).read_text(encoding="utf-8")
