"""The numbers of a trend report, each with its numerator, denominator and interval; all come from the same trend counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from api.pages_codebook import HUMANISING, PREVALENT, by_family, carrying, harmful
from api.pages_share import Share
from eho.annotation import Stance

if TYPE_CHECKING:
    from api.service import Service

TOP = 8
EXAMPLES = 6
_LONGEST_QUOTE = 140
_GROUPS = {"sq": ("sq",), "sr": ("sr-Latn", "sr-Cyrl", "bs", "hr", "cnr")}


@dataclass(frozen=True, slots=True)
class NarrativeShare:
    """How many documents carry a narrative: overall and by language group (sq, sr)."""

    id: str
    overall: Share
    by_group: Mapping[str, Share]


@dataclass(frozen=True, slots=True)
class Example:
    """A short quotation; the outlet is left out on purpose."""

    text: str
    lang: str | None
    annotation: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Numbers:
    """Everything that a report counts."""

    documents: int
    sources: int
    by_group: Mapping[str, int]
    harm: Share
    unreviewed: Share
    humane: Share
    answered: Share
    narratives: Sequence[NarrativeShare]  # harmful ones that were found, most frequent first
    families: Mapping[str, Mapping[str, Any]]  # family id -> trend answer
    speakers: Mapping[str, Share]
    examples: Sequence[Example]
    base: Mapping[str, Any]  # trend answer over all documents
    by: str


class Counter:
    """Counts documents of one period; copies are left out, as on the trend page."""

    def __init__(self, service: Service, start: date, end: date, language: str) -> None:
        self._service = service
        self._period: dict[str, Any] = {"start": start, "end": end}
        self._language = language
        self.by = period_length(start, end)

    def series(self, q: str, **options: Any) -> dict[str, Any]:
        """Return the trend answer to a query."""
        return self._service.trends(q, by=self.by, panel="all", language=self._language, **self._period, **options)

    def share(self, q: str, *, of: str | None = None) -> Share:
        """Return how many documents match, of all or of those that match another query."""
        return _sum(self.series(q, of=of)["series"])

    def by_split(self, split: str) -> dict[str, int]:
        """Return the number of documents for each value."""
        return {one["split"]: _sum([one]).total for one in self.series("", split=split)["series"]}

    def narratives(self, ids: Sequence[str]) -> list[NarrativeShare]:
        """Return the narratives that were found, most frequent first."""
        whole = self.series("", narrative=list(ids))["series"]
        split = self.series("", narrative=list(ids), split="language")["series"]
        found = []
        for id in ids:
            overall = _sum([one for one in whole if one["narrative"] == id])
            mine = [one for one in split if one["narrative"] == id]
            groups = {name: _sum([one for one in mine if one["split"] in codes]) for name, codes in _GROUPS.items()}
            if overall.count:
                found.append(NarrativeShare(id, overall, groups))
        return sorted(found, key=lambda one: -one.overall.count)

    def examples(self, narratives: Sequence[str]) -> list[Example]:
        """Return one short quotation for each narrative; posts and comments of private persons are never quoted."""
        found = []
        for id in narratives:
            query = f"narrative:{id} stance:({' OR '.join(PREVALENT)})"
            hits = self._service.search(query, kind=["article"], limit=5, collapse=True, **self._period)["hits"]
            quotes = (self._quote(hit, id) for hit in hits)
            found += [quote for quote in quotes if quote is not None][:1]
        return found

    def _quote(self, hit: Mapping[str, Any], narrative: str) -> Example | None:
        document = self._service.document(hit["id"]) or {}
        for annotation in (document.get("tags") or {}).get("annotations", ()):
            if annotation["narrative"] == narrative and annotation["stance"] in PREVALENT and not annotation["needs_review"]:
                span = annotation["spans"][0]
                text = (document.get(span["field"]) or "")[span["start"] : span["end"]]
                return Example(shortened(text), hit["lang"], annotation)
        return None


def count(service: Service, start: date, end: date, language: str) -> Numbers:
    """Count everything that the report says."""
    counter, codebook = Counter(service, start, end, language), service.codebook
    harm, families = harmful(codebook), by_family(codebook)
    harm_query = carrying(harm, PREVALENT)
    all_harm = carrying(harm, [stance.value for stance in Stance])
    humane_query = carrying(families[HUMANISING], PREVALENT)
    base = counter.series("")
    languages = counter.by_split("language")
    narratives = counter.narratives([narrative.id for narrative in harm])
    humane = counter.narratives([narrative.id for narrative in families[HUMANISING]])
    quoted = [one.id for one in narratives[: EXAMPLES - 2]] + [one.id for one in humane[:2]]
    speakers = {one.id: counter.share(f"{harm_query} speaker:{one.id}", of=harm_query) for one in codebook.dimensions.speakers}
    return Numbers(
        documents=_sum(base["series"]).total,
        sources=sum(n > 0 for n in counter.by_split("source").values()),
        by_group={name: sum(languages.get(code, 0) for code in codes) for name, codes in _GROUPS.items()},
        harm=counter.share(harm_query),
        unreviewed=counter.share(f"{harm_query} reviewed:machine", of=harm_query),
        humane=counter.share(f"({humane_query}) OR ({carrying(harm, [Stance.COUNTER.value])})"),
        answered=counter.share(carrying(harm, [Stance.COUNTER.value]), of=all_harm),
        narratives=narratives,
        families={id: counter.series(carrying(members, PREVALENT)) for id, members in families.items()},
        speakers={id: share for id, share in sorted(speakers.items(), key=lambda item: -item[1].count) if share.count},
        examples=counter.examples(quoted),
        base=base,
        by=counter.by,
    )


def period_length(start: date, end: date) -> str:
    """Choose periods so that a chart has some five to fifty points."""
    days = (end - start).days + 1
    for longest, by in ((21, "day"), (250, "week"), (1100, "month")):
        if days <= longest:
            return by
    return "quarter"


def shortened(text: str) -> str:
    """Cut a quotation at a word, so that it is no copy of the text."""
    text = " ".join(text.split())
    return text if len(text) <= _LONGEST_QUOTE else f"{text[:_LONGEST_QUOTE].rsplit(' ', 1)[0]} …"


def _sum(series: Sequence[Mapping[str, Any]]) -> Share:
    points = [point for one in series for point in one["points"]]
    return Share.of(sum(point["count"] for point in points), sum(point["denominator"] for point in points))
