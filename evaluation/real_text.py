"""Real passages: labels are stored as offsets and hashes, the text is read from EHO_DATA and checked.

A passage is judged as it stands in its document: the whole document is tagged, and what touches the passage counts.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from eho.document import Document, Kind
from eho.errors import InputError
from evaluation.bootstrap import Resampling
from evaluation.figures import SetResult, Table, TableRow
from evaluation.labelled import LabelledRow, MissingSetError, digest_of, gold_annotations
from evaluation.labelled_set import measure
from evaluation.matching import Judged, match
from evaluation.metrics import ratio
from evaluation.predictions import PredictedTag, Prediction, Say, Tagger
from models.corpus import json_lines

_KINDS: Mapping[str, Kind] = {
    "news": "article",
    "article": "article",
    "comment": "comment",
    "comments": "comment",
    "post": "post",
}
_NOTE = (
    "Figures are weighted by how many passages of its stratum each row stands for; n counts rows as they are. "
    "A tag counts where it touches the passage in its document."
)


@dataclass(frozen=True)
class RealPassages:
    """Labelled passages with their documents, and how many could not be judged, by reason."""

    rows: tuple[LabelledRow, ...]
    places: tuple[tuple[str, str, int, int], ...]  # document, field, start, end of each row
    documents: tuple[Document, ...]
    left_out: Mapping[str, int]


def evaluate_real(root: Path, data: Path | None, tagger: Tagger, say: Say | None = None) -> SetResult:
    """Measure a model on the real passages below `root/real`. Raises MissingSetError where labels or texts are not here."""
    folder = root / "real"
    if not (folder / "passages.jsonl").is_file():
        raise MissingSetError(f"There are no real passages in {folder}; --root names another folder.")
    if data is None:
        raise MissingSetError("The texts of the real passages are not here; set EHO_DATA to the folder of the public data sets.")
    found = read_real(folder, data)
    if not found.rows:
        raise MissingSetError(f"None of the real passages of {folder} has labels and text; left out: {dict(found.left_out)}.")
    whole = {one.id: one for one in tagger.predict(found.documents, what="real", say=say)}
    alone = tagger.predict([_alone(row) for row in found.rows], what="senses of real", say=say)
    judged = [
        judge_passage(row, place, whole[place[0]], sense_from)
        for row, place, sense_from in zip(found.rows, found.places, alone, strict=True)
    ]
    narratives = [narrative.id for narrative in tagger.codebook.narratives]
    scores = [
        [_score(whole[document], narrative, field, start, end) for narrative in narratives]
        for document, field, start, end in found.places
    ]
    notes = [_NOTE, *(f"{count} passages were left out: {reason}." for reason, count in found.left_out.items())]
    result = measure(
        "real",
        "Real news and comments",
        judged,
        tagger.codebook,
        digest=digest_of(label_files(folder)),
        clustered_by="document",
        notes=notes,
        scores=scores,
    )
    return replace(result, tables=[_base_rates(judged, tagger), *result.tables])


def label_files(folder: Path) -> list[Path]:
    """Return the files of the real set: passages, both passes, adjudication."""
    single = [folder / name for name in ("passages.jsonl", "adjudicated.jsonl")]
    passes = [path for name in ("pass1", "pass2") for path in sorted((folder / name).glob("*.jsonl"))]
    return [path for path in (*single, *passes) if path.is_file()]


def read_real(folder: Path, data: Path) -> RealPassages:
    """Join passages, labels and texts. Raises InputError naming file, line and value for labels that cannot be read."""
    labels = read_labels(folder)
    stored = [row for _, row in json_lines(folder / "passages.jsonl")]
    documents = read_documents(data, {(row["dataset"], row["document"]) for row in stored})
    left_out: dict[str, int] = {}
    rows, places = [], []
    used: dict[str, Document] = {}
    for row in stored:
        document = documents.get((row["dataset"], row["document"]))
        text = None if document is None else (getattr(document, row["field"]) or "")[row["start"] : row["end"]]
        problem = _problem(row, labels, text)
        if problem or document is None or text is None:
            left_out[problem or "its text is missing"] = left_out.get(problem or "its text is missing", 0) + 1
            continue
        document = used.setdefault(document.id, document.model_copy(update={"kind": _KINDS.get(row["kind"], "article")}))
        rows.append(_labelled(row, labels[row["id"]], text, document))
        places.append((document.id, row["field"], row["start"], row["end"]))
    return RealPassages(tuple(rows), tuple(places), tuple(used.values()), left_out)


def read_labels(folder: Path) -> dict[str, Mapping[str, Any]]:
    """Return the labels of each passage: adjudicated ones before those of the first pass."""
    found: dict[str, Mapping[str, Any]] = {}
    for path in (*sorted((folder / "pass1").glob("*.jsonl")), folder / "adjudicated.jsonl"):
        if path.is_file():
            found |= {row["id"]: row.get("decision") or row for _, row in json_lines(path)}
    return found


def read_documents(data: Path, wanted: Iterable[tuple[str, str]]) -> dict[tuple[str, str], Document]:
    """Read documents by data set and id from the folders below `data`; those that are not there are left out."""
    by_set: dict[str, set[str]] = {}
    for dataset, document in wanted:
        by_set.setdefault(dataset, set()).add(document)
    found: dict[tuple[str, str], Document] = {}
    for dataset, ids in by_set.items():
        for path in data.glob(f"*/{dataset}.jsonl.gz"):
            found |= {(dataset, one.id): one for one in all_documents(path) if one.id in ids}
    return found


def all_documents(path: Path, kind: Kind = "article") -> Iterator[Document]:
    """Yield the documents of one public data set, as they are tagged: with source, language and title."""
    source = path.name.split(".")[0]
    for _, row in json_lines(path):
        if row.get("text", "").strip():
            title = row.get("title") or None
            yield Document(id=row["id"], source=source, kind=kind, lang=row.get("lang"), title=title, text=row["text"])


def judge_passage(row: LabelledRow, place: tuple[str, str, int, int], whole: Prediction, alone: Prediction) -> Judged:
    """Take from a document's tags what touches a passage; its sense is that of the passage with its title alone."""
    _, field, start, end = place
    tags = tuple(replace(tag, spans=spans) for tag in whole.tags if tag.field == field and (spans := _within(tag, start, end)))
    severity = max((tag.severity for tag in tags if tag.shown), default=0)
    prediction = replace(whole, id=row.id, sense=alone.sense, severity=severity, tags=tags, passages=())
    return Judged(row, prediction, tags)


def _within(tag: PredictedTag, start: int, end: int) -> tuple[tuple[int, int], ...]:
    """Return a tag's spans cut to a passage, as offsets into it."""
    cut = [(max(start, first) - start, min(end, last) - start) for first, last in tag.spans]
    return tuple(span for span in cut if span[0] < span[1])


def _score(whole: Prediction, narrative: str, field: str, start: int, end: int) -> float:
    touching = (one for one in whole.passages if one.field == field and one.start < end and one.end > start)
    return max((one.narratives.get(narrative, 0.0) for one in touching), default=0.0)


def _problem(row: Mapping[str, Any], labels: Mapping[str, Mapping[str, Any]], text: str | None) -> str | None:
    if text is None:
        return "its text is missing"
    if hashlib.sha256(text.encode()).hexdigest() != row["sha256"]:
        return "its text is another one than was labelled (hash)"
    return None if row["id"] in labels else "it has no labels"


def _labelled(row: Mapping[str, Any], label: Mapping[str, Any], text: str, document: Document) -> LabelledRow:
    try:
        annotations = gold_annotations(label.get("annotations") or (), text)
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(f"Labels of real passage {row['id']!r}: {error}; mend them in the real set.") from error
    return LabelledRow(
        id=row["id"],
        cluster=row["document"],
        lang=row["lang"],
        text=text,
        title=document.title,
        sense=label.get("returnee_sense"),
        severity=int(label.get("severity") or 0),
        annotations=annotations,
        voice=f"{row['lang']} {row['kind']}",
        kind=document.kind,
        weight=float(row["weight"]),
    )


def _alone(row: LabelledRow) -> Document:
    return Document(id=row.id, source="evaluation", kind=row.kind, lang=row.lang, title=row.title, text=row.text)


def _base_rates(judged: Sequence[Judged], tagger: Tagger) -> Table:
    """Say how many passages carry, and are said to carry, a narrative: weighted, so that it holds for the data sets."""
    matching = match(judged, tagger.codebook, [[0.0] * len(tagger.codebook.narratives)] * len(judged))
    sampling = Resampling([one.row.cluster for one in judged], weights=[one.row.weight for one in judged])
    groups = {"all": np.ones(len(judged), dtype=np.bool_)}
    voices = np.array([one.row.voice for one in judged])
    groups |= {str(voice): voices == voice for voice in np.unique(voices)}
    has = (matching.gold, matching.predicted["shown"], matching.predicted["listed"])
    rows = []
    for key, keep in groups.items():
        totals = sampling.totals(np.stack([keep, *(part.any(axis=1) & keep for part in has)], axis=1))
        figures = {
            name: sampling.share(ratio(totals[:, at], totals[:, 0]), keep.sum())
            for at, name in enumerate(("carry", "shown", "listed"), 1)
        }
        rows.append(TableRow(key.replace(" ", "-"), key, figures, int(keep.sum())))
    return Table(
        id="base_rate",
        title="How many passages carry a narrative",
        explained="Shares of all passages of the data sets, estimated from the weighted sample.",
        columns={"carry": "Carry one", "shown": "Got a shown tag", "listed": "Got a listed tag"},
        rows=rows,
        plain=frozenset(),
    )
