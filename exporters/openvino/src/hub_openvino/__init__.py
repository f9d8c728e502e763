"""The OpenVINO exporter of the domain model hub, and the runtime of its files."""

__version__ = "0.1.0"
