"""The embedded engine: Tantivy in a folder, without a server."""

from index.embedded.engine import EmbeddedIndex

__all__ = ["EmbeddedIndex"]
