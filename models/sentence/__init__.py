"""Sentence vectors for cross-language search and for near-duplicate stories."""
