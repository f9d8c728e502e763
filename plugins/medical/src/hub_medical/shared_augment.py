"""Augmentations that several tasks of this plugin offer."""

from __future__ import annotations

from hub.contract import Augmentation

PHRASES = (
    Augmentation("abbreviations", "hub_medical.phrases:abbreviate", "MI for myocardial infarction, and back"),
    Augmentation("synonyms", "hub_medical.phrases:reword", "Everyday words for learned ones, and back"),
)
