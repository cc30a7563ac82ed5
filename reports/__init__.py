"""Readers of one run document: page, summary, JUnit, comparison, badge."""

from reports.document import Document, parse, read
from reports.fields import UnreadableError
from reports.folder import write_all

__all__ = ["Document", "UnreadableError", "parse", "read", "write_all"]
