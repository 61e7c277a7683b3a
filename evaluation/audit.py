"""Precision in the wild: judge the tags that a model shows on whole collections, and passages that it left without one.

Narratives are rare in news, so a small rate of false alarms can make most shown tags wrong; only this shows it.
"""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from importlib import resources
from pathlib import Path

import numpy as np
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from eho.document import Document, Kind
from eho.errors import InputError
from evaluation.bootstrap import Resampling, wilson
from evaluation.figures import Figure, SetResult, Table, TableRow
from evaluation.labelled import MissingSetError, digest_of, labelled_files
from evaluation.labelled_set import percent
from evaluation.metrics import ratio
from evaluation.predictions import Prediction, Say, Tagger
from evaluation.real_text import all_documents
from models.corpus import json_lines
from nlp.segmentation import passages

VERDICTS = ("right", "wrong_stance", "wrong_narrative", "wrong_sense", "nothing", "unclear")
UNTAGGED_VERDICTS = ("nothing", "missed", "unclear")
LEAST_FOR_FLOOR = 100
COLLECTIONS: Mapping[str, Kind] = {"news_sq": "article", "news_sr": "article", "comments_sr": "comment"}
_LEAST_WORDS = 4
_SEED = 20261121


@dataclass(frozen=True, slots=True)
class AuditRow:
    """One shown tag, or one passage without a tag, with a person's verdict; `weight` is how many such it stands for.

    Offsets are code points into `field` of the document; the text itself is not stored.
    """

    id: str
    type: str  # tag or untagged
    dataset: str
    document: str
    kind: str
    lang: str
    field: str
    start: int
    end: int
    weight: float
    model: str
    version: str
    narrative: str | None = None
    stance: str | None = None
    score: float | None = None
    verdict: str | None = None
    judged_by: str | None = None


@dataclass(frozen=True, slots=True)
class Draw:
    """What was drawn, with the text of each row for showing; `pool` counts all shown tags, `documents` all documents."""

    rows: tuple[AuditRow, ...]
    texts: Mapping[str, str]
    pool: int
    documents: int


def collection(data: Path) -> list[Document]:
    """Read all documents of the news and comments below EHO_DATA. Raises MissingSetError where there are none."""
    found: list[Document] = []
    for name, kind in COLLECTIONS.items():
        path = data / "text" / f"{name}.jsonl.gz"
        if path.is_file():
            found.extend(all_documents(path, kind))
    if not found:
        raise MissingSetError(f"There are no news or comments below {data}; set EHO_DATA to the folder of the public data sets.")
    return found


def draw(documents: Sequence[Document], tagger: Tagger, *, most: int = 400, untagged: int = 100, say: Say | None = None) -> Draw:
    """Tag every document and draw shown tags, all of them where there are at most `most`, and passages without a tag.

    Tags are drawn from every data set in equal numbers as far as there are so many; weights undo this.
    """
    predictions = tagger.predict(documents, what="audit", say=say, with_scores=False)
    by_id = {document.id: document for document in documents}
    pools: dict[str, list[AuditRow]] = {}
    for prediction in predictions:
        document = by_id[prediction.id]
        pools.setdefault(document.source, []).extend(_shown(prediction, document, tagger))
    rows = draw_evenly(pools, most)
    rows += draw_evenly(_bare_passages(documents, predictions, tagger, untagged), untagged)
    texts = {row.id: _shown_text(by_id[row.document], row) for row in rows}
    return Draw(tuple(rows), texts, sum(map(len, pools.values())), len(documents))


def with_known_verdicts(rows: Iterable[AuditRow], known: Iterable[AuditRow]) -> list[AuditRow]:
    """Carry over verdicts on the same tag of the same document, whichever model showed it."""
    verdicts = {row.id: (row.verdict, row.judged_by) for row in known if row.verdict}
    return [
        replace(row, verdict=verdicts[row.id][0], judged_by=verdicts[row.id][1]) if row.id in verdicts else row for row in rows
    ]


def write_rows(rows: Iterable[AuditRow], path: Path, texts: Mapping[str, str] | None = None) -> None:
    """Write rows as JSON lines; with their text only where `texts` are given (such a file is not to be published)."""
    with path.open("w", encoding="utf-8", newline="\n") as lines:
        for row in rows:
            content = asdict(row) | ({} if texts is None else {"text": texts[row.id]})
            lines.write(json.dumps(content, ensure_ascii=False) + "\n")


def to_form(rows: Sequence[AuditRow], texts: Mapping[str, str]) -> str:
    """Return a page that works offline: the text of every row, a choice of verdicts, and a button that saves JSON lines."""
    environment = Environment(
        loader=FileSystemLoader(Path(str(resources.files("evaluation"))) / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    choices = {"tag": VERDICTS, "untagged": UNTAGGED_VERDICTS}
    style = environment.get_template("evaluation.css").render()
    return environment.get_template("audit.html").render(
        rows=rows, texts=texts, choices=choices, stored=[asdict(row) for row in rows], style=style
    )


def read_rows(path: Path) -> list[AuditRow]:
    """Read a file or every `*.jsonl` of a folder. Raises InputError naming file, line and value."""
    found: dict[str, AuditRow] = {}
    for file in labelled_files(path):
        for number, content in json_lines(file):
            content.pop("text", None)
            try:
                row = AuditRow(**content)
            except TypeError as error:
                raise InputError(f"{file}:{number}: {content.get('id')!r}: {error}; see eho evaluate audit draw.") from error
            allowed = VERDICTS if row.type == "tag" else UNTAGGED_VERDICTS
            if row.verdict is not None and row.verdict not in allowed:
                raise InputError(f"{file}:{number}: {row.id}: verdict is {row.verdict!r}; use one of {', '.join(allowed)}.")
            found[row.id] = row
    return list(found.values())


def evaluate_audit(root: Path, tagger: Tagger, say: Say | None = None) -> SetResult:
    """Score the judgements below `root/audit` of this model's tags. Raises MissingSetError where there are none."""
    folder = root / "audit"
    if not any(folder.glob("*.jsonl")):
        raise MissingSetError(f"There are no judgements in {folder}; draw tags with eho evaluate audit draw.")
    rows = read_rows(folder)
    own = [row for row in rows if (row.model, row.version) == (tagger.model.name, tagger.model.version)]
    if not own:
        versions = ", ".join(sorted({f"{row.model} {row.version}" for row in rows}))
        raise MissingSetError(
            f"The judgements in {folder} are of {versions}, not of {tagger.model.name} {tagger.model.version}; "
            "draw anew with eho evaluate audit draw."
        )
    return score(own, digest_of(labelled_files(folder)))


def score(rows: Sequence[AuditRow], digest: str) -> SetResult:
    """Compute precision as a user meets it, and what was missed among passages without a tag."""
    tags = [row for row in rows if row.type == "tag" and row.verdict]
    bare = [row for row in rows if row.type == "untagged" and row.verdict]
    open_rows = sum(not row.verdict for row in rows)
    tables = []
    if tags:
        tables.append(_precision_table(tags))
    if bare:
        tables.append(_missed_table(bare))
    summary = []
    if tags:
        right = tables[0].rows[0].figures["right"]
        summary.append(f"{percent(right)} of the {right.n} judged tags that readers are shown name the right narrative.")
    notes = ["“Unclear” counts as wrong. Weights undo that data sets were drawn from in equal numbers."]
    if open_rows:
        notes.append(f"{open_rows} of {len(rows)} rows have no verdict yet.")
    return SetResult(
        name="audit",
        title="Tags in the wild",
        digest=digest,
        n=len(tags) + len(bare),
        clusters=len({row.document for row in (*tags, *bare)}),
        clustered_by="document",
        tables=tables,
        notes=notes,
        summary=summary,
    )


def _shown(prediction: Prediction, document: Document, tagger: Tagger) -> Iterator[AuditRow]:
    for tag in prediction.tags:
        if tag.shown:
            start, end = tag.spans[0][0], max(span[1] for span in tag.spans)
            yield AuditRow(
                id=_id("tag", document, tag.field, tag.spans[0][0], tag.narrative, tag.stance),
                type="tag",
                dataset=document.source,
                document=document.id,
                kind=document.kind,
                lang=prediction.language,
                field=tag.field,
                start=start,
                end=end,
                weight=1.0,
                model=tagger.model.name,
                version=tagger.model.version,
                narrative=tag.narrative,
                stance=tag.stance,
                score=tag.score,
            )


def _bare_passages(
    documents: Sequence[Document], predictions: Sequence[Prediction], tagger: Tagger, most: int
) -> dict[str, list[AuditRow]]:
    """Draw one passage without a shown tag from each of some documents; enough documents for `most` rows."""
    generator = random.Random(f"{_SEED}|untagged")  # noqa: S311 - sampling, not secrecy
    by_set: dict[str, list[tuple[Document, Prediction]]] = {}
    for document, prediction in zip(documents, predictions, strict=True):
        if not prediction.abstained:
            by_set.setdefault(document.source, []).append((document, prediction))
    pools: dict[str, list[AuditRow]] = {}
    for name, pairs in by_set.items():
        chosen = generator.sample(pairs, min(len(pairs), most))
        pools[name] = [row for document, prediction in chosen for row in _one_bare(document, prediction, tagger, generator)]
    return pools


def _one_bare(document: Document, prediction: Prediction, tagger: Tagger, generator: random.Random) -> Iterator[AuditRow]:
    spans = [(tag.field, start, end) for tag in prediction.tags if tag.shown for start, end in tag.spans]
    free = [
        one
        for one in passages(document)
        if one.field == "text"
        and len(one.text.split()) >= _LEAST_WORDS
        and not any(field == one.field and start < one.end and end > one.start for field, start, end in spans)
    ]
    if free:
        one = generator.choice(free)
        yield AuditRow(
            id=_id("untagged", document, one.field, one.start, "", ""),
            type="untagged",
            dataset=document.source,
            document=document.id,
            kind=document.kind,
            lang=prediction.language,
            field=one.field,
            start=one.start,
            end=one.end,
            weight=float(len(free)),
            model=tagger.model.name,
            version=tagger.model.version,
        )


def draw_evenly(pools: Mapping[str, list[AuditRow]], most: int) -> list[AuditRow]:
    """Draw from pools in equal numbers, what one lacks going to the others; weigh each row by pool over drawn."""
    found: list[AuditRow] = []
    left, waiting = most, sorted((pool for pool in pools.values() if pool), key=len)
    for at, pool in enumerate(waiting):
        take = min(len(pool), left // (len(waiting) - at))
        generator = random.Random(f"{_SEED}|{pool[0].dataset}|{pool[0].type}")  # noqa: S311 - sampling, not secrecy
        chosen = pool if take == len(pool) else generator.sample(pool, take)
        found += [replace(row, weight=round(row.weight * len(pool) / take, 4)) for row in chosen]
        left -= take
    return found


def _id(type_: str, document: Document, field: str, start: int, narrative: str, stance: str) -> str:
    key = "|".join((document.source, document.id, field, str(start), narrative, stance))
    return f"{type_}-{hashlib.sha256(key.encode()).hexdigest()[:12]}"


def _shown_text(document: Document, row: AuditRow) -> str:
    """Return the passages that a row touches, the tagged words in brackets."""
    value: str = getattr(document, row.field) or ""
    around = [one for one in passages(document) if one.field == row.field and one.start < row.end and one.end > row.start]
    start = min([row.start, *(one.start for one in around)])
    end = max([row.end, *(one.end for one in around)])
    if row.type == "untagged":
        return value[start:end]
    return f"{value[start : row.start]}[{value[row.start : row.end]}]{value[row.end : end]}"


def _precision_table(tags: Sequence[AuditRow]) -> Table:
    groups: dict[str, list[AuditRow]] = {"all": list(tags)}
    for row in tags:
        language = row.lang.split("-")[0]
        for name in (language, row.kind, f"{language} {row.kind}"):
            groups.setdefault(name, []).append(row)
    rows = []
    for name, members in groups.items():
        right = _weighted(members, ("right", "wrong_stance"))
        figures = {
            "right": right,
            "stance_too": _weighted(members, ("right",)),
            "unweighted": wilson(sum(row.verdict in ("right", "wrong_stance") for row in members), len(members)),
        }
        if right.n >= LEAST_FOR_FLOOR and right.low is not None:
            figures["right_low"] = Figure(right.low, right.n)
        rows.append(TableRow(name.replace(" ", "-"), "all" if name == "all" else name, figures, len(members)))
    return Table(
        id="precision",
        title="Tags shown to readers: how many are right",
        explained=f"Judged tags. The lower end becomes a floor from {LEAST_FOR_FLOOR} judgements on.",
        columns={
            "right": "Right narrative",
            "stance_too": "Right narrative and stance",
            "unweighted": "Right narrative, unweighted (Wilson)",
            "right_low": "Lower end",
        },
        rows=rows,
    )


def _missed_table(bare: Sequence[AuditRow]) -> Table:
    groups: dict[str, list[AuditRow]] = {"all": list(bare)}
    for row in bare:
        groups.setdefault(f"{row.lang.split('-')[0]} {row.kind}", []).append(row)
    rows = [
        TableRow(name.replace(" ", "-"), name, {"missed": _weighted(members, ("missed",))}, len(members))
        for name, members in groups.items()
    ]
    return Table(
        id="missed",
        title="Passages without a shown tag: how many carry a narrative",
        explained="A random sample, one passage a document, weighted by the passages of the document.",
        columns={"missed": "Carry a narrative"},
        rows=rows,
        lower_is_better=frozenset({"missed"}),
    )


def _weighted(members: Sequence[AuditRow], verdicts: Sequence[str]) -> Figure:
    sampling = Resampling([row.document for row in members], weights=[row.weight for row in members])
    totals = sampling.totals(np.array([[row.verdict in verdicts, True] for row in members]))
    return sampling.share(ratio(totals[:, 0], totals[:, 1]), len(members))
