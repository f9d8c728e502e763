"""The whole classification in memory: look a code up, find codes by words. Reading it takes under a second."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from hub.contract import UsageError, comparison_key
from hub.contract.errors import nearest
from hub_medical.hierarchy import dotted
from hub_medical.icd10 import read_chapters, release_of, text_of

_CODE = re.compile(r"[A-Z]\d[0-9A-Z](\.?[0-9A-Z]{1,4})?")
_RANGE = re.compile(r"[A-Z]\w{2}-[A-Z]\w{2}")
_WORD = re.compile(r"\w+")
_IN_TITLE = re.compile(r"\s*\([A-Z]\w{2}(-[A-Z]\w{2})?\)$")
LEVELS = ("chapter", "section", "category", "code")


@dataclass(frozen=True, slots=True)
class Node:
    """A chapter, section, category or code.

    Args:
        id: code, or range of codes.
        level: one of `LEVELS`.
        title: as the classification names it.
        terms: its inclusion terms.
        parent: id of what it is in, ``""`` for a chapter.
        children: ids of what is in it, filled while reading.
        seventh: seventh character to its meaning, for the codes below.
    """

    id: str
    level: str
    title: str
    terms: tuple[str, ...] = ()
    parent: str = ""
    children: list[str] = field(default_factory=list)
    seventh: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Hit:
    """A term that has all words of a query."""

    node: Node
    term: str


@dataclass(frozen=True)
class Tree:
    """The classification.

    Args:
        nodes: by id; the code of a section that is one category only is the category's.
        release: ``April 1 2026``.
    """

    nodes: Mapping[str, Node]
    release: str

    def find(self, text: str) -> tuple[Node, str]:
        """Return the node of a code or range however it is written, and a seventh character that was with it.

        Args:
            text: ``K35``, ``K35.80``, ``k3580``, ``S52.501A``, ``K35-K38``.

        Raises:
            UsageError: HUB-U050, there is no such code, with the nearest ones.
        """
        name = text.strip().upper()
        if name in self.nodes:
            return self.nodes[name], ""
        code = dotted(name)
        if code in self.nodes:
            return self.nodes[code], ""
        bare = code.replace(".", "")
        if len(bare) == 7:
            base = self.nodes.get(dotted(bare[:6].rstrip("X")))
            if base is not None and bare[6] in self.seventh(base):
                return base, bare[6]
        raise self._unknown(code)

    def path(self, node: Node) -> tuple[Node, ...]:
        """Return the nodes above and the node itself, the chapter first."""
        found = [node]
        while found[-1].parent:
            found.append(self.nodes[found[-1].parent])
        return tuple(reversed(found))

    def seventh(self, node: Node) -> Mapping[str, str]:
        """Return the seventh characters that a code takes, nearest definition; empty for none."""
        return next((each.seventh for each in reversed(self.path(node)) if each.seventh), {})

    def search(self, text: str) -> list[Hit]:
        """Return the best term of every code whose title or inclusion terms have all words, best first.

        A word of the query may be the start of a word. Better are whole words, fewer other words, titles, and
        codes higher in the tree.

        Raises:
            UsageError: HUB-U051, the text has no word.
        """
        wanted = _words(text)
        if not wanted:
            raise UsageError("HUB-U051", "there is no word to look for", f"{text!r} has no letters or digits")
        best: dict[str, tuple[tuple[int, int, int, int], int, Hit]] = {}
        for place, (node, term, title) in enumerate(self._terms()):
            found = _words(term)
            if not all(any(word.startswith(part) for word in found) for part in wanted):
                continue
            partial = sum(part not in found for part in wanted)
            rank = (partial, len(found) - len(wanted), int(not title), len(node.id))
            if node.id not in best or rank < best[node.id][0]:
                best[node.id] = (rank, place, Hit(node, term))
        return [hit for _, _, hit in sorted(best.values(), key=lambda entry: entry[:2])]

    def vocabulary(self) -> set[str]:
        """Return every word of titles and inclusion terms."""
        return {word for _, term, _ in self._terms() for word in _words(term)}

    def _terms(self) -> Iterator[tuple[Node, str, bool]]:
        for node in self.nodes.values():
            if node.level in ("category", "code"):
                yield node, node.title, True
                for term in node.terms:
                    yield node, term, False

    def _unknown(self, code: str) -> UsageError:
        near = [name for name in self.nodes if name.startswith(code[:3])]
        near = near or [name for name in self.nodes if len(name) == 3 and name[0] == code[0]] or list(self.nodes)
        why = f"it is not in ICD-10-CM, release {self.release}"
        return UsageError("HUB-U050", f"there is no code {code!r}", why, nearest(code, near))


def looks_like_code(text: str) -> bool:
    """Say whether a text has the form of a code or a range of codes."""
    name = text.strip().upper()
    return bool(_CODE.fullmatch(name) or _RANGE.fullmatch(name))


def read_tree(file: Path) -> Tree:
    """Read the classification.

    Args:
        file: XML as NCHS publishes it.

    Raises:
        DataError: HUB-D020, the file is not such a list.
    """
    nodes: dict[str, Node] = {}
    for name, title, chapter in read_chapters(file):
        nodes[name] = Node(name, "chapter", title)
        for section in chapter.findall("section"):
            _add_section(nodes, section, name)
    return Tree(nodes, release_of(file))


def _add_section(nodes: dict[str, Node], section: ET.Element, chapter: str) -> None:
    """Add a section and its codes; a section of one category would repeat its code, so it is left out."""
    name = section.get("id", "")
    above = chapter
    if "-" in name and name != chapter:
        title = _IN_TITLE.sub("", text_of(section.find("desc")))
        above = _add(nodes, Node(name, "section", title, parent=chapter))
    for top in section.findall("diag"):
        _add_code(nodes, top, above, "category")


def _add_code(nodes: dict[str, Node], diag: ET.Element, parent: str, level: str) -> None:
    terms = tuple(text_of(note) for note in diag.findall("inclusionTerm/note"))
    seventh = {each.get("char", ""): text_of(each) for each in diag.findall("sevenChrDef/extension")}
    code = text_of(diag.find("name"))
    _add(nodes, Node(code, level, text_of(diag.find("desc")), terms, parent, seventh=seventh))
    for below in diag.findall("diag"):
        _add_code(nodes, below, code, "code")


def _add(nodes: dict[str, Node], node: Node) -> str:
    nodes[node.id] = node
    nodes[node.parent].children.append(node.id)
    return node.id


def _words(text: str) -> set[str]:
    return set(_WORD.findall(comparison_key(text)))
