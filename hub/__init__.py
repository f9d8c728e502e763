"""The domain model hub: labelled rows in, a small verified edge bundle out.

Nothing is imported here: ``hub --help`` and ``import hub.edge`` must stay light.
"""

__version__ = "0.1.0"
