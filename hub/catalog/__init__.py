"""The catalogue of plugins, exporters, base models and published models that the project knows.

This module is light: `hub.catalog.client` reads and searches the catalogue, `hub.catalog.refresh` replaces the
user's own copy.
"""

from __future__ import annotations

from hub.catalog.registry import Supplier, known_distributions, supplier_of

__all__ = ["Supplier", "known_distributions", "supplier_of"]
