"""Names of commands and redactors that no plugin may take."""

from __future__ import annotations

RESERVED = frozenset(
    {
        *("tasks", "domains", "recipes", "plugins", "models", "doctor"),
        *("data", "build", "train", "distill", "compress", "runs", "export"),
        *("predict", "evaluate", "verify", "bench", "publish", "pull", "report"),
        *("explain", "serve", "web", "tune", "help", "version"),
    }
)
"""The program's own commands, those that are planned, and words that people try first."""

REDACTORS = frozenset({"contact", "payment", "national-ids", "dates", "presidio"})
"""The program's own redactors (`hub.data.redaction`)."""
