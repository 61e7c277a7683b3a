"""The mini web: invented outlets served on loopback, with the truth about every page they publish."""

from evaluation.miniweb.content import Article, Outlet
from evaluation.miniweb.hostile import HOSTILE, HOSTILE_FEEDS, hostile_url, load_truths
from evaluation.miniweb.server import Request
from evaluation.miniweb.web import MiniWeb, write_sources

__all__ = ["HOSTILE", "HOSTILE_FEEDS", "Article", "MiniWeb", "Outlet", "Request", "hostile_url", "load_truths", "write_sources"]
