"""Readers of one run document: page, summary, JUnit, comparison, badge."""

from reports.document import Document, UnreadableError, parse, read
from reports.folder import write_all

__all__ = ["Document", "UnreadableError", "parse", "read", "write_all"]
