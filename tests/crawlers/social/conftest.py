"""The invented platforms, a sink in memory that can take posts back, and visits of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from crawlers.run import CrawlSummary
from crawlers.social.references import References
from crawlers.social.run import visit
from eho.document import Document
from eho.outcome import Outcome
from eho.settings import Settings
from eho.source import Source
from evaluation.miniweb.social import SocialWeb, social_sources
from evaluation.miniweb.social_apis import REDDIT_APP, YOUTUBE_KEY
from evaluation.miniweb.social_bluesky import APP_PASSWORD
from tests.crawlers.conftest import FAST, MemorySink

KEYS = {
    "youtube_key": YOUTUBE_KEY,
    "reddit_client_id": REDDIT_APP[0],
    "reddit_client_secret": REDDIT_APP[1],
    "bluesky_identifier": "own.test",
    "bluesky_app_password": APP_PASSWORD,
}


class PostMemorySink(MemorySink):
    """Keeps posts in memory; they can be taken back."""

    def erase(self, document_ids: Sequence[str]) -> int:
        return sum(self.documents.pop(one, None) is not None for one in document_ids)


@dataclass
class Visits:
    """Visits of the invented platforms, one after another, over the same sink and references."""

    web: SocialWeb
    folder: Path
    sink: PostMemorySink

    def go(self, *platforms: str, sources: list[Source] | None = None, **social: Any) -> CrawlSummary:
        keys = social.pop("keys", KEYS)
        options = {name: social.pop(name) for name in ("since", "max_requests") if name in social}
        crawl = {"proxy": self.web.proxy_url, **FAST, **social.pop("crawl", {})}
        settings = Settings.model_validate({"crawl": crawl, "social": {"check_hours": 0, "max_wait_s": 5, **keys, **social}})
        self.sink.records.clear()
        with self.references() as references:
            return visit(sources or social_sources(platforms), self.sink, settings, references, **options)

    def references(self) -> References:
        return References(self.folder / "references.sqlite", self.folder / "keys" / "social.key")

    @property
    def texts(self) -> list[str]:
        return sorted(document.text for document in self.sink.documents.values())

    def document(self, start: str) -> Document:
        found = [document for document in self.sink.documents.values() if document.text.startswith(start)]
        assert len(found) == 1, (start, self.texts)
        return found[0]

    def counted(self, outcome: Outcome) -> int:
        return Counter(record.outcome for record in self.sink.records)[outcome]


@pytest.fixture
def visits(tmp_path: Path) -> Iterator[Visits]:
    with SocialWeb() as web:
        yield Visits(web, tmp_path, PostMemorySink())


Go = Callable[..., CrawlSummary]
