"""``hub icd``: look a code of ICD-10-CM up, or find codes by words."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from hub.contract.errors import UsageError, nearest

if TYPE_CHECKING:
    from hub_medical.tree import Hit, Node, Tree

_SHOWN_CHILDREN = 40


@click.command("icd")
@click.argument("words", metavar="CODE-OR-TEXT...", nargs=-1, required=True)
@click.option(
    "--limit", type=click.IntRange(min=1), default=20, show_default=True, metavar="N", help="Codes shown for a text."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def icd(words: tuple[str, ...], limit: int, as_json: bool) -> None:
    """Look an ICD-10-CM code up, or find codes by words.

    A code (K35, K35.80, k3580, a range such as K35-K38) is shown with its path in the tree, its inclusion terms and
    what is below it. A text finds the codes whose title or inclusion terms have all of its words. This is a
    dictionary, not a coding tool: it knows no coding rules.
    """
    from hub_medical.icd10 import find_file
    from hub_medical.tree import looks_like_code, read_tree

    text = " ".join(words)
    tree = read_tree(find_file())
    if looks_like_code(text):
        try:
            node, seventh = tree.find(text)
        except UsageError:
            # "B12" has the form of a code, and is a vitamin.
            if not tree.search(text):
                raise
        else:
            document = _code_document(tree, node, seventh)
            click.echo(_dump(document) if as_json else _code_page(tree, node, document))
            return
    hits = tree.search(text)
    if not hits:
        raise _nothing(tree, text)
    shown = [_hit(tree, hit) for hit in hits[:limit]]
    if as_json:
        click.echo(_dump({"query": text, "release": tree.release, "total": len(hits), "results": shown}))
    else:
        click.echo(_hits_page(shown, len(hits)))


def _code_document(tree: Tree, node: Node, seventh: str) -> dict[str, Any]:
    characters = tree.seventh(node) if node.level in ("category", "code") else {}
    return {
        "code": node.id,
        "level": node.level,
        "title": node.title,
        "release": tree.release,
        "path": [{"id": each.id, "level": each.level, "title": each.title} for each in tree.path(node)],
        "terms": list(node.terms),
        "children": [{"id": name, "title": tree.nodes[name].title} for name in node.children],
        "seventh_characters": dict(characters),
        "seventh_character": seventh,
    }


def _code_page(tree: Tree, node: Node, document: dict[str, Any]) -> str:
    lines = [f"{'  ' * depth}{each.id}  {each.title}" for depth, each in enumerate(tree.path(node))]
    if document["seventh_character"]:
        given = document["seventh_character"]
        lines += ["", f"Seventh character {given}: {document['seventh_characters'][given]}"]
    if node.terms:
        lines += ["", "Inclusion terms", *(f"  {term}" for term in node.terms)]
    if node.children:
        lines += ["", "Below it"]
        width = max(len(name) for name in node.children[:_SHOWN_CHILDREN])
        lines += [f"  {name.ljust(width)}  {tree.nodes[name].title}" for name in node.children[:_SHOWN_CHILDREN]]
        if len(node.children) > _SHOWN_CHILDREN:
            lines.append(f"  and {len(node.children) - _SHOWN_CHILDREN} more; all of them with --json")
    elif document["seventh_characters"] and not document["seventh_character"]:
        lines += ["", "Seventh characters"]
        lines += [f"  {char}  {meaning}" for char, meaning in document["seventh_characters"].items()]
    return "\n".join([*lines, "", f"ICD-10-CM, release {tree.release}"])


def _hit(tree: Tree, hit: Hit) -> dict[str, str]:
    above = {each.level: each.id for each in tree.path(hit.node)}
    return {
        "code": hit.node.id,
        "title": hit.node.title,
        "term": hit.term,
        "category": above["category"],
        "chapter": above["chapter"],
    }


def _hits_page(shown: list[dict[str, str]], total: int) -> str:
    width = max(len(hit["code"]) for hit in shown)
    lines = []
    for hit in shown:
        other = f"  ({hit['term']})" if hit["term"] != hit["title"] else ""
        lines.append(f"{hit['code'].ljust(width)}  {hit['title']}{other}")
    if total > len(shown):
        lines += ["", f"{len(shown)} of {total:,} codes; more with --limit"]
    return "\n".join(lines)


def _nothing(tree: Tree, text: str) -> UsageError:
    known = tree.vocabulary()
    strange = [word for word in text.casefold().split() if not any(each.startswith(word) for each in known)]
    hint = "; ".join(f"{word}: {nearest(word, known)}" for word in strange[:3]) or "use fewer or other words"
    return UsageError(
        "HUB-U052", f"no code has all words of {text!r}", "titles and inclusion terms were searched", hint
    )


def _dump(document: dict[str, Any]) -> str:
    return json.dumps(document, ensure_ascii=False, indent=2, allow_nan=False)
