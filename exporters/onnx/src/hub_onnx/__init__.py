"""The ONNX exporter of the domain model hub."""

__version__ = "0.1.0"
