"""The mini web: invented outlets served on loopback, with the truth about every page they publish."""

from evaluation.miniweb.content import Article, Outlet
from evaluation.miniweb.server import Request
from evaluation.miniweb.web import MiniWeb, write_sources

__all__ = ["Article", "MiniWeb", "Outlet", "Request", "write_sources"]
