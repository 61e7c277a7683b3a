"""Everything that the command line, REST and the pages call: one Service for each data folder."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import nullcontext
from dataclasses import asdict, replace
from datetime import date
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from api import index_jobs, jobs
from api.choices import choice as _choice
from api.citation import cite
from api.home_files import make_home, write_source
from api.jobs import JobSummary, Say, silent
from api.source_questions import SourceQuestions
from api.story_questions import StoryQuestions
from api.wiring import Parts
from eho.annotation import ModelVersion, Stance
from eho.codebook import Codebook
from eho.document import Document
from eho.errors import ModelError
from eho.home import Home
from eho.outcome import OutcomeRecord
from eho.settings import Settings
from eho.source import Source

if TYPE_CHECKING:
    from api.query_language import QueryLanguage
    from api.snapshots import Snapshots
    from crawlers.run import CrawlSummary
    from index.answers import Filters, IndexStats, IndexStatus
    from index.checking import Findings
    from nlp.pipeline import Pipeline


UI_LANGUAGES = ("sq", "sr-Latn", "sr-Cyrl", "en")
SPLITS = ("language", "source", "ownership", "audience", "kind")
STANCES = tuple(stance.value for stance in Stance)


class Service(StoryQuestions, SourceQuestions):
    """One data folder. Reading is safe from several threads and needs no lock; writing holds the folder's lock."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    @classmethod
    def open(cls, home: Home | None = None, *, create: bool = False, settings: Settings | None = None) -> Self:
        """Open a data folder, making it where asked. Raises InputError where there is none, SettingsError for bad settings."""
        home = home or Home.find()
        if create and not home.exists():
            make_home(home)
        service = cls(Parts(home, settings))
        service._parts.require_home()
        return service

    def close(self) -> None:
        """Release files and connections."""
        self._parts.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    # -- what there is --------------------------------------------------------------------------------------------

    @property
    def home(self) -> Home:
        return self._parts.home

    @property
    def settings(self) -> Settings:
        return self._parts.settings

    @property
    def codebook(self) -> Codebook:
        return self._parts.codebook

    @property
    def pipeline(self) -> Pipeline:
        """The tagger of this folder's model; loaded at the first call. Raises ModelError."""
        return self._parts.pipeline()

    @property
    def model_version(self) -> ModelVersion | None:
        """The model and codebook that tag, None where no model is installed."""
        try:
            return self._parts.model_version
        except ModelError:
            return None

    @property
    def snapshot_id(self) -> str:
        """The name of what answers are given over: documents, model and codebook."""
        return self._parts.current_id()

    @property
    def snapshots(self) -> Snapshots:
        """The snapshots of this folder."""
        return self._parts.snapshots()

    def at(self, snapshot: str | None, *, on_progress: Say = silent) -> Service:
        """Return a service that answers as of a snapshot, this one for None. Raises InputError for one never given out.

        Sources and what became of addresses are those of now. Closing it is not needed.
        """
        return self if snapshot is None else Service(self.snapshots.view(snapshot, say=on_progress))

    @property
    def has_invented_sources(self) -> bool:
        """True where demonstration outlets are among the sources: everything shown then says so."""
        return any(source.invented for source in self._parts.sources.values())

    def models(self) -> list[dict[str, Any]]:
        """Return the cards of all models, shipped and own."""
        from models.registry import list_models

        return [card.to_mapping() for card in list_models([self.home.models])]

    def model(self, name: str) -> dict[str, Any]:
        """Return one model's card. Raises ModelError."""
        return self._parts.model_card(name).to_mapping()

    def index_status(self) -> IndexStatus:
        """Say what the index holds. Raises EngineError where there is none."""
        return self._parts.index().status()

    def store_sequence(self) -> int:
        """Return the number of the store's last change; the index is behind where its own is lower."""
        return self._parts.store().sequence()

    # -- questions ------------------------------------------------------------------------------------------------

    def search(
        self,
        q: str = "",
        *,
        start: date | None = None,
        end: date | None = None,
        source: Sequence[str] = (),
        lang: Sequence[str] = (),
        kind: Sequence[str] = (),
        narrative: Sequence[str] = (),
        stance: Sequence[str] = (),
        sense: Sequence[str] = (),
        sort: str = "relevance",
        limit: int = 20,
        cursor: str | None = None,
        collapse: bool = False,
        include_needs_review: bool = False,
        stems: bool | None = None,
        language: str = "en",
        terms: bool = False,
    ) -> dict[str, Any]:
        """Answer as `eho search --json`; the values of one filter mean OR. Raises QueryError, InputError, EngineError."""
        from index.answers import SearchOptions

        options = SearchOptions(
            filters=_filters(start, end, source, lang, kind, narrative, stance),
            sort=_choice("sort", sort, ("relevance", "date")),
            limit=limit,
            cursor=cursor or None,
            collapse=collapse,
            include_needs_review=include_needs_review,
            model=self.model_version,
            language=_choice("language", language, UI_LANGUAGES),
        )
        query = self.queries.parse(q, sense, stems=stems)
        answer = self._parts.answered(self._parts.index().search(query, options).to_mapping())
        if terms:
            from api.significant import significant_terms

            answer["significant_terms"] = significant_terms(self._parts, query, options)
        return answer

    def trends(
        self,
        q: str = "",
        *,
        of: str | None = None,
        by: str = "auto",
        split: str | None = None,
        as_: str = "share",
        panel: str = "constant",
        copies: str = "exclude",
        changes: bool = False,
        start: date | None = None,
        end: date | None = None,
        source: Sequence[str] = (),
        lang: Sequence[str] = (),
        kind: Sequence[str] = (),
        narrative: Sequence[str] = (),
        stance: Sequence[str] = (),
        include_needs_review: bool = False,
        stems: bool | None = None,
        language: str = "en",
    ) -> dict[str, Any]:
        """Answer as `eho trends --json`: one series for each narrative and value of `split`. Raises as `search`."""
        from api.own_narratives import check_narrative, counted_stances
        from api.trend_knowledge import knowledge
        from index.trends import TrendOptions

        for name in narrative:
            check_narrative(self._parts, name)
        query = self.queries.parse(q, stems=stems)
        options = TrendOptions(
            filters=_filters(start, end, source, lang, kind, (), ()),
            of=None if of is None else self.queries.parse(of, stems=stems),
            narratives=tuple(narrative),
            by=_choice("by", by, ("auto", "day", "week", "month", "quarter")),
            split=None if split is None else _choice("split", split, SPLITS),
            show_as=_choice("as", as_, ("share", "count")),
            copies=_choice("copies", copies, ("exclude", "include")),
            panel=_choice("panel", panel, ("all", "constant")),
            stances=tuple(_choice("stance", one, STANCES) for one in stance) or counted_stances(self._parts, query, narrative),
            include_needs_review=include_needs_review,
            model=self.model_version,
            language=_choice("language", language, UI_LANGUAGES),
            changes=changes,
            **knowledge(self._parts, split),
        )
        return self._parts.answered(self._parts.index().trends(query, options).to_mapping())

    def topics(
        self,
        q: str = "",
        *,
        start: date | None = None,
        end: date | None = None,
        source: Sequence[str] = (),
        lang: Sequence[str] = (),
        limit: int = 20,
        recent: int = 2,
    ) -> dict[str, Any]:
        """Answer as `eho topics --json`; the last answer is kept and given again while nothing changed. Raises as `search`."""
        from api.topics import topics

        return topics(self, self._parts, q, start=start, end=end, source=source, lang=lang, limit=limit, recent=recent)

    def topic(self, topic_id: str) -> tuple[dict[str, Any], dict[str, Any]] | None:
        """Return a topic of the last answers with its answer, None where there is none of this id."""
        from api.topics import topic

        return topic(self._parts, topic_id)

    def compare(self, a: str, b: str, q: str = "", **asked: Any) -> dict[str, Any]:
        """Answer as `eho compare --json`; see `api.comparisons`. Raises as `search`."""
        from api.comparisons import compare

        return compare(self, self._parts, a, b, q, **asked)

    def document(self, document_id: str) -> dict[str, Any] | None:
        """Return one document with tags, provenance, citation and snapshot; None where there is none of this id."""
        found = self._parts.store().get(document_id)
        if found is None:
            return None
        document, snapshot = found.document, self.snapshot_id
        row = found.to_mapping()
        if found.tags is not None and found.tags.language.code != "und":
            row["lang"] = found.tags.language.code
        source = self._parts.sources.get(document.source)
        return {**row, "citation": cite(document, source, snapshot), "snapshot": snapshot}

    def report(self, *, start: date | None = None, end: date | None = None, lang: str = "en", out: Path) -> Path:
        """Write the trend report and return its path; without days it covers all dated documents. Raises InputError."""
        from api.report import build

        return build(self, start=start, end=end, lang=lang, out=out)

    @property
    def queries(self) -> QueryLanguage:
        """What reads and explains queries, and keeps the paired terms."""
        from api.query_language import QueryLanguage

        return QueryLanguage(self._parts)

    # -- jobs -----------------------------------------------------------------------------------------------------

    def crawl(
        self,
        source: Sequence[str] = (),
        *,
        since: date | None = None,
        max_pages: int | None = None,
        backfill: bool = False,
        on_progress: Say = silent,
    ) -> CrawlSummary:
        """Fetch pages into the store. Raises SourceError, CrawlError, HomeBusyError."""
        with nullcontext() if self.settings.crawl.frontier else self._writing("crawl"):  # several workers write at once then
            summary = jobs.crawl(self._parts, source, since=since, max_pages=max_pages, backfill=backfill, say=on_progress)
            index_jobs.drop_removed(self._parts, say=on_progress)
        return summary

    def import_documents(self, documents: Iterable[Document | OutcomeRecord], *, on_progress: Say = silent) -> JobSummary:
        """Store supplied documents, then tag and index them like fetched ones."""
        self.pipeline  # noqa: B018 - a missing model is said before anything is stored
        with self._writing("import"):
            summary = jobs.store_documents(self._parts, self._registering(documents), say=on_progress)
            jobs.tag_new(self._parts, say=on_progress)
            return replace(summary, index=index_jobs.update_index(self._parts, say=on_progress))

    def tag_new(self, *, on_progress: Say = silent) -> JobSummary:
        """Tag the stored documents that lack tags of the present model and codebook."""
        with self._writing("tag"):
            return jobs.tag_new(self._parts, say=on_progress)

    def index_build(self, *, engine: str | None = None, url: str | None = None, on_progress: Say = silent) -> IndexStats:
        """Build the index anew, by default with the engine in use; the old one answers until then. Raises EngineError."""
        with self._writing("index build"):
            return index_jobs.build(self._parts, engine=engine, url=url, say=on_progress)

    def index_migrate(self, *, engine: str | None = None, url: str | None = None, on_progress: Say = silent) -> IndexStats:
        """Build the index anew, with another engine where one is named, and use it from then on. Raises EngineError."""
        with self._writing("index migrate"):
            return index_jobs.migrate(self._parts, engine=engine, url=url, say=on_progress)

    def index_update(self, *, on_progress: Say = silent) -> IndexStats:
        """Add to the index what changed in the store since it was last brought up."""
        with self._writing("index"):
            return index_jobs.update_index(self._parts, say=on_progress)

    def index_check(self) -> Findings:
        """Compare the index with the store. Raises EngineError for damaged files."""
        return index_jobs.check(self._parts)

    def run(
        self, source: Sequence[str] = (), *, since: date | None = None, max_pages: int | None = None, on_progress: Say = silent
    ) -> dict[str, Any]:
        """Crawl, tag, index; return the summary of each, with `has_failures`. What a killed run left undone is done first."""
        self.pipeline  # noqa: B018 - a missing model is said before an hour of crawling
        with self._writing("run"):
            crawled = jobs.crawl(self._parts, source, since=since, max_pages=max_pages, say=on_progress)
            tagged = jobs.tag_new(self._parts, say=on_progress)
            indexed = index_jobs.update_index(self._parts, say=on_progress)
        return {
            "crawl": crawled.to_mapping(),
            "tag": tagged.to_mapping(),
            "index": asdict(indexed),
            "has_failures": crawled.has_failures or bool(indexed.failures or indexed.spooled),
            "snapshot": self.snapshot_id,
        }

    def register(self, sources: Iterable[Source]) -> int:
        """Write the files of sources that are not known yet; return how many."""
        known, added = self._parts.sources, 0
        for source in sources:
            if source.id not in known:
                write_source(self.home.sources, source)
                added += 1
        return added

    def _registering(self, documents: Iterable[Document | OutcomeRecord]) -> Iterable[Document | OutcomeRecord]:
        known = set(self._parts.sources)
        for item in documents:
            if isinstance(item, Document) and item.source not in known:
                name = str(item.extra.get("source_name") or item.source)
                write_source(self.home.sources, Source(id=item.source, name=name, kind=item.kind))
                known.add(item.source)
            yield item

    def _writing(self, command: str) -> Any:
        return self.home.writing(command, self.settings.home.lock_wait_s)


def _filters(
    start: date | None,
    end: date | None,
    source: Sequence[str],
    lang: Sequence[str],
    kind: Sequence[str],
    narrative: Sequence[str],
    stance: Sequence[str],
) -> Filters:
    from index.answers import Filters

    return Filters(start, end, tuple(source), tuple(lang), tuple(kind), tuple(narrative), tuple(stance))
