"""Personal data in texts: found by redactors, reported by place, replaced by consistent surrogates."""

from __future__ import annotations

from hub.data.redaction.base import BASE, PRESIDIO, certain_kinds
from hub.data.redaction.scanner import Scanner
from hub.data.redaction.surrogates import STYLES, Surrogates

__all__ = ["BASE", "PRESIDIO", "STYLES", "Scanner", "Surrogates", "certain_kinds"]
