"""The writing jobs: crawl, import, tag, index. The store is the truth; each job finds by itself what is still to be done.

A job may be killed at any moment: documents are durable when stored, untagged ones are found by their missing tags, and the
index says up to which sequence number of the store it is complete. Callers hold the data folder's lock.
"""

from __future__ import annotations

import difflib
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeVar

from api import social
from api.coverage import runs_of
from api.sink import StoreSink
from api.wiring import Parts
from eho.annotation import AnnotatedDocument
from eho.document import Cluster, Document
from eho.errors import InputError, SourceError
from eho.outcome import OutcomeRecord
from eho.source import Source
from index.answers import IndexStats

if TYPE_CHECKING:
    from crawlers.run import CrawlSummary
    from nlp.clusters import ClusterIndex

T = TypeVar("T")
Say = Callable[[str, int, int | None], None]  # stage, done, total where known

_BATCH = 64  # documents tagged and stored together: what a kill can cost is the work on these


def silent(stage: str, done: int, total: int | None) -> None:
    """Report nothing."""


@dataclass(frozen=True)
class JobSummary:
    """What a job did: how many items ended in which outcome, and every failure by itself."""

    counts: dict[str, int] = field(default_factory=dict)
    failures: list[OutcomeRecord] = field(default_factory=list)
    elapsed_s: float = 0.0
    index: IndexStats | None = None  # where the job ends in the index

    @property
    def has_failures(self) -> bool:
        """True where part of the work was lost, or waits for a search server that is away."""
        return bool(self.failures or (self.index and (self.index.failures or self.index.spooled)))

    def to_mapping(self) -> dict[str, Any]:
        """Return the JSON object that `--json` prints."""
        return {
            "counts": self.counts,
            "failures": [record.model_dump(mode="json") for record in self.failures],
            "elapsed_s": round(self.elapsed_s, 3),
            **({} if self.index is None else {"index": asdict(self.index)}),
        }


def crawl(
    parts: Parts,
    sources: Sequence[str] = (),
    *,
    since: date | None = None,
    max_pages: int | None = None,
    backfill: bool = False,
    say: Say = silent,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> CrawlSummary:
    """Fetch pages of the named sources, all enabled ones by default, into the store.

    Raises SourceError, CrawlError, and KeyboardInterrupt where it was asked to stop; what was stored is kept.
    """
    chosen = choose_sources(parts.sources, sources)
    pages = [source for source in chosen if source.platform is None]
    posts = [source for source in chosen if source.platform is not None]
    done, started_at = 0, now()

    def on_page(_: OutcomeRecord) -> None:
        nonlocal done
        done += 1
        say("crawl", done, None)

    summary: CrawlSummary | None = None
    if pages:
        summary = _crawl_pages(parts, pages, since=since, max_pages=max_pages, backfill=backfill, on_page=on_page)
    if posts and (summary is None or not summary.interrupted):
        visited = social.visit(parts, posts, since=since, max_requests=max_pages, on_post=on_page)
        summary = visited if summary is None else social.joined(summary, visited)
    if summary is None or summary.interrupted:
        raise KeyboardInterrupt
    parts.store().add_runs(runs_of(summary, chosen, started_at, now()))
    return summary


def _crawl_pages(
    parts: Parts,
    sources: Sequence[Source],
    *,
    since: date | None,
    max_pages: int | None,
    backfill: bool,
    on_page: Callable[[OutcomeRecord], None],
) -> CrawlSummary:
    from api.originals import sealed_archive
    from crawlers.run import crawl as run_crawl

    return run_crawl(
        sources,
        new_sink(parts),
        parts.settings.crawl,
        captures=parts.home.captures,
        since=since,
        max_pages=max_pages,
        backfill=backfill,
        ledger=parts.home.ledger,
        on_page=on_page,
        archive=sealed_archive(parts.home, parts.settings),
        learned=parts.home.blocks,
    )


def new_sink(parts: Parts) -> StoreSink:
    """Return the way into the store: what goes through it is masked."""
    from api.originals import address_key

    return StoreSink(parts.store(), address_key(parts.home, parts.settings))


def choose_sources(known: dict[str, Source], wanted: Sequence[str]) -> list[Source]:
    """Return the enabled sources, or the named ones. Raises SourceError naming what there is."""
    for name in wanted:
        if name not in known:
            close = difflib.get_close_matches(name, known, n=3) or list(known)[:3]
            raise SourceError(f"There is no source {name!r}; known are {', '.join(close) or 'none'}. See eho sources list.")
        if not known[name].enabled:
            raise SourceError(
                f"Source {name!r} is not enabled. Outlets that ship stay so until somebody decides to ask them "
                f"(crawl.allow_live); eho sources add {name} --enable copies one of them, enabled: true in its file any other."
            )
    chosen = [known[name] for name in dict.fromkeys(wanted)] or [source for source in known.values() if source.enabled]
    chosen = [source for source in chosen if source.feeds or source.sitemaps or source.sections or source.platform]
    if not chosen:
        raise SourceError(
            "No enabled source has a feed, a sitemap, a section page or a platform; eho sources list shows all, "
            "eho sources add URL --enable adds one."
        )
    return chosen


def store_documents(parts: Parts, documents: Iterable[Document | OutcomeRecord], *, say: Say = silent) -> JobSummary:
    """Put documents that a person supplied into the store, masked like fetched ones; records of bad rows are kept too."""
    started, sink, counts, failures = time.monotonic(), new_sink(parts), Counter[str](), []
    for number, item in enumerate(documents, 1):
        if isinstance(item, OutcomeRecord):
            sink.record(item)
            counts[item.outcome.value] += 1
            if item.outcome.is_failure:
                failures.append(item)
        else:
            counts[sink.put(item).value] += 1
        say("import", number, None)
    return JobSummary(dict(counts), failures, time.monotonic() - started)


def tag_new(parts: Parts, *, say: Say = silent) -> JobSummary:
    """Cluster and tag every stored document that lacks tags of the present model and codebook."""
    from nlp.clusters import ClusterIndex

    started, counts = time.monotonic(), Counter[str]()
    store, pipeline = parts.store(), parts.pipeline()
    with ClusterIndex(parts.home.clusters, parts.settings.tag.near_duplicate_similarity) as clusters:
        _bring_up(parts, clusters, say)
        for batch in _batches(store.untagged(pipeline.model_version)):
            _cluster(parts, clusters, batch)
            tagged = [(item.document.id, item.tags) for item in pipeline.tag(batch) if item.tags is not None]
            store.put_all_tags(tagged)
            counts.update(tags.outcome.value for _, tags in tagged)
            say("tag", counts.total(), None)
    return JobSummary(dict(counts), [], time.monotonic() - started)


def _bring_up(parts: Parts, clusters: ClusterIndex, say: Say) -> None:
    """Fill a cluster file that is new or of an older layout, and let it forget what was removed from the store."""
    store, removed = parts.store(), parts.store().last_removal()
    if not clusters.state("filled"):
        for batch in _batches(
            item.document for item in counted(store.documents(), None, say, "cluster") if item.tags is not None
        ):
            _cluster(parts, clusters, batch)
        clusters.note("filled", 1)
    if removed > clusters.state("removal"):
        for ids in _batches(list(clusters.document_ids())):
            clusters.remove(set(ids) - store.get_all(ids).keys())
        clusters.note("removal", removed)
    _save(parts, clusters, clusters.unsaved())  # also what an earlier run was killed before it could say


def _cluster(parts: Parts, clusters: ClusterIndex, batch: Sequence[Document]) -> None:
    _save(parts, clusters, clusters.add_all(batch))


def _save(parts: Parts, clusters: ClusterIndex, memberships: Iterable[tuple[str, Cluster]]) -> None:
    changed = dict(memberships)
    try:
        parts.store().put_clusters(changed.items())
    except InputError:  # the cluster file knows documents that this store never had, as after a restored backup
        known = parts.store().get_all(list(changed))
        changed = dict(clusters.remove(set(changed) - known.keys()))
        parts.store().put_clusters(changed.items())
    clusters.saved(changed)


def counted(
    documents: Iterable[AnnotatedDocument], total: int | None, say: Say, stage: str = "index"
) -> Iterator[AnnotatedDocument]:
    """Pass documents on and say now and then how many there were."""
    for number, item in enumerate(documents, 1):
        yield item
        if number % _BATCH == 0 or number == total:
            say(stage, number, total)


def _batches(items: Iterable[T]) -> Iterator[list[T]]:
    rest = iter(items)
    while batch := list(islice(rest, _BATCH)):
        yield batch
