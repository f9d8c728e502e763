"""Inputs as a user may type them, written for this plugin: they may be published with every bundle."""

from __future__ import annotations

from collections.abc import Sequence

WORDS = (
    "house (noun)",
    "eat (verb)",
    "happy (adjective)",
    "slowly (adverb)",
    "ticket (noun)",
    "borrow (verb)",
    "dangerous (adjective)",
    "almost (adverb)",
    "abandon (verb)",
    "evidence (noun)",
    "reliable (adjective)",
    "gradually (adverb)",
    "undermine (verb)",
    "scrutiny (noun)",
    "plausible (adjective)",
    "arguably (adverb)",
    "longevity (noun)",
    "exacerbate (verb)",
    "water",
    "kitchen",
    "although",
    "journey",
    "negotiate",
    "threshold",
    "ambiguous",
    "inevitably",
)

TEXTS = (
    "Anna lives near the sea. Every morning she walks on the beach with her dog. The dog likes the water.",
    "Many people now work at home. They like it because they do not have to travel. But some feel alone.",
    "The city wants more people to use bicycles. It will build new bike paths and close two streets to cars.",
    "Scientists say that bees are in danger. Without bees there would be less fruit. Farmers are worried.",
    "A school in the north has started lessons about sleep. Pupils learn why phones keep them awake at night.",
    "The company has promised to cut its use of plastic by half within ten years, although critics doubt the plan.",
    "Researchers followed two hundred families for a decade and found that reading aloud had lasting effects.",
    "Visitors to the museum can now borrow a tablet that shows how the ruined rooms looked before the fire.",
    "Despite mounting evidence to the contrary, the ministry maintains that its forecasts were broadly accurate.",
    "Having long been dismissed as a fad, the movement has quietly reshaped how a generation thinks about work.",
    "The settlement, hailed by campaigners as a landmark, leaves unresolved the question of who bears the cost.",
    "What began as a modest experiment in rewilding has become a test of whether landscapes can truly be restored.",
)


def word_examples() -> Sequence[str]:
    """Return words, with and without their part of speech."""
    return WORDS


def text_examples() -> Sequence[str]:
    """Return short texts of different difficulty."""
    return TEXTS
