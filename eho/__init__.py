"""Shared vocabulary of Eho: documents, annotations, outcomes, sources, codebook, settings, folding and errors."""

__version__ = "0.1.0"
