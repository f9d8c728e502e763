"""The catalogue of plugins, exporters and base models that the project knows: a file in the package."""

from __future__ import annotations

from hub.catalog.registry import Supplier, known_distributions, supplier_of

__all__ = ["Supplier", "known_distributions", "supplier_of"]
