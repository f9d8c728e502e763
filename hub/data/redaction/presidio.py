"""Presidio's analyzer as a redactor (extra ``[presidio]``): names and places, where a model of spaCy is installed."""

from __future__ import annotations

import functools
import importlib.util
import logging
from collections.abc import Iterator
from typing import Any

from hub.contract.errors import MissingError
from hub.contract.redactor import Detection

MODELS = ("en_core_web_lg", "en_core_web_md", "en_core_web_sm")
"""Models of spaCy that are taken when they are installed, the first one first. None is ever fetched."""

FETCHING = ("EmailRecognizer", "UrlRecognizer")
"""Recognizers that fetch a list of domains from the network; e-mail addresses are found without them."""

CERTAIN = 0.8
"""Score from which a result counts as certain."""

_KINDS = {"PERSON": "presidio-name", "NRP": "presidio-name", "LOCATION": "presidio-place"}


def find(text: str) -> Iterator[Detection]:
    """Yield what Presidio finds in an English text.

    Raises:
        MissingError: HUB-P035, the extra is not installed.
    """
    for result in analyzer().analyze(text=text, language="en"):
        if result.start < result.end:
            kind = _KINDS.get(result.entity_type, "presidio-pattern")
            yield Detection(result.start, result.end, kind, result.score >= CERTAIN)


@functools.cache
def analyzer() -> Any:
    """Return the analyzer, made once; without a model of spaCy it finds patterns and no names.

    Raises:
        MissingError: HUB-P035, the extra is not installed.
    """
    try:
        import spacy
        from presidio_analyzer import AnalyzerEngine, RecognizerRegistry
        from presidio_analyzer.nlp_engine import SpacyNlpEngine
    except ImportError as error:
        fix = 'pip install "domainhub[presidio]"; for names also a model of spaCy, en_core_web_sm'
        raise MissingError("HUB-P035", "Presidio is not installed", str(error), fix) from error
    logging.getLogger("presidio-analyzer").setLevel(logging.ERROR)  # it warns about every language it cannot read
    model = next((name for name in MODELS if importlib.util.find_spec(name)), None)
    engine = SpacyNlpEngine()
    engine.nlp = {"en": spacy.load(model) if model else spacy.blank("en")}
    registry = RecognizerRegistry(supported_languages=["en"])
    registry.load_predefined_recognizers(languages=["en"], nlp_engine=engine)
    for name in FETCHING:
        registry.remove_recognizer(name)
    return AnalyzerEngine(registry=registry, nlp_engine=engine, supported_languages=["en"])
