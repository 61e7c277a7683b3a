"""Public social posts in a data folder: visits of their sources, and documents taken back with all that was made of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from api.sink import StoreSink
from api.wiring import Parts
from eho.home import Home
from eho.outcome import Outcome, OutcomeRecord
from eho.settings import Settings
from eho.source import Source

if TYPE_CHECKING:
    from crawlers.run import CrawlSummary
    from crawlers.social.references import References


class PostStoreSink(StoreSink):
    """The sink of posts over the store; what is deleted where it was published is deleted here."""

    def __init__(self, parts: Parts) -> None:
        super().__init__(parts.store())
        self._parts = parts

    def erase(self, document_ids: Sequence[str]) -> int:
        """Delete documents for good; see `erase`."""
        return erase(self._parts, document_ids, "erased")


def erase(parts: Parts, document_ids: Iterable[str], reason: Literal["erased", "expired"]) -> int:
    """Delete documents with all versions, tags and signatures; return how many there were.

    Clusters go first: what is cut in between is asked for again, as long as the store has the document. The index lets go of
    them when it is next brought up to the store.
    """
    from nlp.clusters import ClusterIndex

    gone = list(document_ids)
    if parts.home.clusters.exists():
        with ClusterIndex(parts.home.clusters, parts.settings.tag.near_duplicate_similarity) as clusters:
            changed = dict(clusters.remove(gone))
        known = parts.store().get_all(list(changed))
        parts.store().put_clusters((id, cluster) for id, cluster in changed.items() if id in known)
    return parts.store().remove(gone, reason)


@contextmanager
def open_references(home: Home, settings: Settings) -> Iterator[References]:
    """Open the sealed reference store of a data folder. Raises StoreError where it or its key is broken."""
    from crawlers.social.references import References

    named = settings.social.key_file
    with References(home.references, Path(named).expanduser() if named else home.social_key) as references:
        yield references


def visit(
    parts: Parts,
    sources: Sequence[Source],
    *,
    since: date | None = None,
    max_requests: int | None = None,
    on_post: Callable[[OutcomeRecord], None] | None = None,
) -> CrawlSummary:
    """Visit social sources: new posts into the store, edited ones as new versions, deleted ones out of it."""
    from crawlers.social.run import visit as run_visit

    with open_references(parts.home, parts.settings) as references:
        return run_visit(
            sources,
            PostStoreSink(parts),
            parts.settings,
            references,
            since=since,
            max_requests=max_requests,
            on_post=on_post,
            ledger=parts.home.ledger,
        )


def joined(first: CrawlSummary, second: CrawlSummary) -> CrawlSummary:
    """Return the summary of two runs over different sources."""
    counts: dict[Outcome, int] = dict(first.counts)
    for outcome, count in second.counts.items():
        counts[outcome] = counts.get(outcome, 0) + count
    return replace(
        first,
        counts=counts,
        by_source={**first.by_source, **second.by_source},
        failures=[*first.failures, *second.failures],
        known=first.known + second.known,
        pages=first.pages + second.pages,
        elapsed_s=first.elapsed_s + second.elapsed_s,
        interrupted=first.interrupted or second.interrupted,
    )
