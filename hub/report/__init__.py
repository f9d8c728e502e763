"""The HTML report of a build: one self-contained file."""

from hub.report.page import page_text, write_report

__all__ = ["page_text", "write_report"]
