"""Draws documents at random for people to read whole: what corrects the shares of a trend for the machine's errors.

Half are drawn from those in which the machine shows one of the narratives, half from the others, by language: narratives are
rare, and without this nearly all that is read would say the same. The weight of a row is the inverse of its probability of
being drawn. The reader is not told what the machine said.
"""

from __future__ import annotations

import json
import random
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from importlib import resources
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from eho.annotation import AnnotatedDocument, Stance
from eho.errors import InputError
from evaluation.labelled import labelled_files
from models.corpus import json_lines

STANCES = tuple(stance.value for stance in Stance)
_SEED = 20261121


@dataclass(frozen=True, slots=True)
class ReadRow:
    """One document to read for some narratives; `annotations` (narrative, stance) is None until a person has judged it."""

    id: str
    source: str
    kind: str
    lang: str | None
    weight: float
    narratives: tuple[str, ...]
    annotations: tuple[tuple[str, str], ...] | None = None
    judged_by: str | None = None


def draw(documents: Iterable[AnnotatedDocument], narratives: Sequence[str], *, most: int) -> list[ReadRow]:
    """Draw dated originals, `most` in all where there are so many; the same documents give the same draw."""
    pools: dict[tuple[str, bool], list[ReadRow]] = {}
    for annotated in documents:
        document, tags = annotated.document, annotated.tags
        is_copy = document.cluster is not None and document.cluster.role == "copy"
        if tags is None or is_copy or document.published_at is None:
            continue
        shown = {one.narrative for one in tags.annotations if not one.needs_review and one.stance.counts_in_prevalence}
        lang = tags.language.code
        row = ReadRow(document.id, document.source, document.kind, lang, 1.0, tuple(narratives))
        pools.setdefault((lang.split("-")[0], bool(shown & set(narratives))), []).append(row)
    return sorted(_evenly(pools, most), key=lambda row: row.id)


def with_known(rows: Iterable[ReadRow], known: Iterable[ReadRow]) -> list[ReadRow]:
    """Carry over what was judged before of the same document for at least the same narratives."""
    judged = {row.id: row for row in known if row.annotations is not None}
    carried = []
    for row in rows:
        before = judged.get(row.id)
        if before is not None and set(row.narratives) <= set(before.narratives):
            found = tuple(one for one in before.annotations or () if one[0] in row.narratives)
            row = replace(row, annotations=found, judged_by=before.judged_by)
        carried.append(row)
    return carried


def write_rows(rows: Iterable[ReadRow], path: Path) -> None:
    """Write rows as JSON lines, without the text."""
    with path.open("w", encoding="utf-8", newline="\n") as lines:
        lines.writelines(json.dumps(_mapping(row), ensure_ascii=False) + "\n" for row in rows)


def read_rows(path: Path) -> list[ReadRow]:
    """Read a file or every `*.jsonl` of a folder; of two rows that ask the same of a document the later one counts.

    Raises InputError naming file, line and value.
    """
    found: dict[tuple[str, tuple[str, ...]], ReadRow] = {}
    for file in labelled_files(path):
        for number, content in json_lines(file):
            try:
                row = _row(content)
            except (TypeError, ValueError, KeyError) as error:
                raise InputError(f"{file}:{number}: {content.get('id')!r}: {error}; see eho evaluate audit documents.") from error
            found[row.id, row.narratives] = row
    return list(found.values())


def to_form(rows: Sequence[ReadRow], texts: Mapping[str, tuple[str, str]], labels: Mapping[str, str]) -> str:
    """Return a page that works offline: title and text of every document, a choice for each narrative, a button that saves."""
    environment = Environment(
        loader=FileSystemLoader(Path(str(resources.files("evaluation"))) / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    style = environment.get_template("evaluation.css").render()
    return environment.get_template("document_audit.html").render(
        rows=rows, texts=texts, labels=labels, stances=STANCES, stored=[_mapping(row) for row in rows], style=style
    )


def _evenly(pools: Mapping[tuple[str, bool], list[ReadRow]], most: int) -> list[ReadRow]:
    """Draw from the pools in equal numbers, what one lacks going to the others."""
    found: list[ReadRow] = []
    waiting = sorted(pools.items(), key=lambda item: (len(item[1]), item[0]))
    for place, (name, pool) in enumerate(waiting):
        take = min(len(pool), (most - len(found)) // (len(waiting) - place))
        if take:
            generator = random.Random(f"{_SEED}|{name}")  # noqa: S311 - sampling, not secrecy
            pool = sorted(pool, key=lambda row: row.id)
            found += [replace(row, weight=len(pool) / take) for row in generator.sample(pool, take)]
    return found


def _mapping(row: ReadRow) -> dict[str, Any]:
    annotations = None if row.annotations is None else [{"narrative": name, "stance": stance} for name, stance in row.annotations]
    return {**asdict(row), "annotations": annotations}


def _row(content: dict[str, Any]) -> ReadRow:
    annotations = content.get("annotations")
    if annotations is not None:
        annotations = tuple((one["narrative"], Stance(one["stance"]).value) for one in annotations)
    row = ReadRow(**{**content, "narratives": tuple(content["narratives"]), "annotations": annotations})
    if isinstance(row.weight, bool) or not isinstance(row.weight, int | float) or not row.weight >= 1:
        raise ValueError(f"weight is {row.weight!r}; it is the inverse of a probability, so at least 1")
    _check_asked(row)
    return row


def _check_asked(row: ReadRow) -> None:
    asked: Collection[str] = row.narratives
    for name, _ in row.annotations or ():
        if name not in asked:
            raise ValueError(f"{name!r} was found but is not among the narratives asked for")
