"""A user's own narratives: add, label, suggest, train; and what queries and trends must know of them."""

from __future__ import annotations

import random
import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from eho.annotation import AnnotatedDocument
from eho.document import Document, document_id
from eho.errors import InputError
from models.own.examples import SKIP, Example, key_of, masked, read_examples
from models.own.library import OwnNarrative

if TYPE_CHECKING:
    from api.wiring import Parts
    from index.nodes import Query
    from models.registry import ModelCard

MOST_CANDIDATES = 4000  # passages among which some are chosen; n-grams of more take longer than a person waits
_MOST_DOCUMENTS = 500  # of a query's hits
_CHECKED = 1000  # stored passages on which a new training is tried
_SEED = 20261121
_LEAST_WORDS = 4


def add(
    parts: Parts, id: str, *, title: str, definition: str, titles: Mapping[str, str], examples: tuple[str, bytes] | None = None
) -> dict[str, Any]:
    """Register a narrative, with examples where they are given; return what is known of it. Raises InputError."""
    parts.require_home()
    given = None if examples is None else _prepared(*examples)
    narrative = OwnNarrative(id, {"en": title.strip(), **titles}, definition.strip(), datetime.now(UTC).date().isoformat())
    with parts.home.writing("codebook add", parts.settings.home.lock_wait_s):
        parts.own.add(narrative, {one.id for one in parts.codebook.narratives} | {"none"})
        if given is not None:
            _store(parts, id, given[0])
    return status(parts, id)


def label(parts: Parts, id: str, name: str, content: bytes) -> dict[str, Any]:
    """Take labelled passages in; return what is known now, with how many rows had no label. Raises InputError."""
    parts.own.get(id)
    examples, undecided = _prepared(name, content)
    with parts.home.writing("codebook label", parts.settings.home.lock_wait_s):
        _store(parts, id, examples)
    return {**status(parts, id), "taken": len(examples), "undecided": undecided}


def status(parts: Parts, id: str) -> dict[str, Any]:
    """Return definition, numbers of examples, warnings, and the card of the trained model where there is one."""
    from models.own.training import warnings_of

    narrative, examples = parts.own.get(id), parts.own.examples(id)
    counts = Counter(example.label for example in examples)
    card = parts.own.card(id)
    return {
        **narrative.to_mapping(),
        "present": counts["present"],
        "absent": counts["absent"],
        "skipped": len(parts.own.skipped(id)),
        "languages": dict(sorted(Counter(example.lang or "und" for example in examples).items())),
        "warnings": warnings_of(examples) if examples else [],
        "model": None if card is None else {"version": card.version, "measured": dict(card.measured)},
    }


def suggest(parts: Parts, id: str, *, query: str | None, given: tuple[str, bytes] | None, n: int) -> list[dict[str, Any]]:
    """Return passages to label next: from a file's rows, from the hits of a query, or from the whole store."""
    from models.own.selection import suggest as choose
    from models.own.training import ordinary_texts
    from models.sentence.loading import load_sentence_encoder

    narrative, examples = parts.own.get(id), parts.own.examples(id)
    if not 1 <= n <= 500:
        raise InputError(f"-n is {n}; give a number from 1 to 500.", field="n")
    candidates = _sample(_rows_of_file(*given) if given else _stored_passages(parts, query), MOST_CANDIDATES)
    if not candidates:
        where = given[0] if given else f"the hits of {query!r}" if query else "the store"
        raise InputError(f"There is no passage of {_LEAST_WORDS} words or more in {where}; try another query or --file.")
    chosen = choose(
        [text for _, text in candidates],
        examples,
        " ".join([*narrative.titles.values(), narrative.definition]),
        n=n,
        ordinary=ordinary_texts()[::4],
        leave_out=parts.own.skipped(id),
        encoder=load_sentence_encoder(folders=[parts.home.models]),
    )
    return [{"id": candidates[one.at][0], "text": candidates[one.at][1], "score": one.score, "why": one.why} for one in chosen]


def train(parts: Parts, id: str, *, background: Sequence[str] = (), say: Callable[[str], None] = lambda line: None) -> ModelCard:
    """Train a narrative's tagger from its examples, put it in use, and return its card. Raises InputError."""
    from models.own.training import ordinary_texts, train_own

    narrative, examples = parts.own.get(id), parts.own.examples(id)
    made = parts.own.model_folder(id).with_name("model.new")
    shutil.rmtree(made, ignore_errors=True)
    try:
        card = train_own(
            narrative,
            examples,
            made,
            codebook=parts.codebook.tag,
            ordinary=[*ordinary_texts(), *background],
            unlabelled=[text for _, text in _sample(_stored_passages(parts, None), _CHECKED)],
            say=say,
        )
        with parts.home.writing("codebook train", parts.settings.home.lock_wait_s):
            parts.own.replace_model(id, made)
    finally:
        shutil.rmtree(made, ignore_errors=True)
    return card


def remove(parts: Parts, id: str) -> None:
    """Delete a narrative with its examples and model. Raises InputError."""
    with parts.home.writing("codebook remove", parts.settings.home.lock_wait_s):
        parts.own.remove(id)


def check_narrative(parts: Parts, id: str) -> None:
    """Raise CodebookError unless the codebook or the user knows the narrative."""
    if id not in parts.own.ids():
        parts.codebook.narrative(id)


def counted_stances(parts: Parts, query: Query, narratives: Sequence[str]) -> tuple[str, ...]:
    """Return the stances that trends count where none is asked for; empty means every stance.

    An own narrative whose examples teach no stance is `unclear` everywhere, so all of it counts. Raises InputError where
    such a one is asked for together with the codebook's, for one line would then count other things than the next.
    """
    from index.nodes import Condition, leaves
    from index.trends import COUNTED_STANCES

    asked = {
        *narratives,
        *(leaf.value for leaf in leaves(query.root) if isinstance(leaf, Condition) and leaf.field == "narrative"),
    }
    cards = parts.own_cards() if asked & set(parts.own.ids()) else {}
    without = {id for id, card in cards.items() if id in asked and not card.measured["stances"]["learned"]}
    if without and without != asked:
        raise InputError(
            f"{min(without)!r} knows no stance and the others do; ask for them one by one, or name the stances with --stance.",
            field="stance",
        )
    return () if without else COUNTED_STANCES


def _prepared(name: str, content: bytes) -> tuple[list[Example], int]:
    """Read examples, mask what leads to a person, and note each one's language."""
    from nlp.language import identify
    from nlp.masking import mask_text

    examples, undecided = read_examples(name, content)
    hidden = [masked(one, mask_text(one.text), one.evidence and mask_text(one.evidence)) for one in examples]
    return [replace(one, lang=identify(one.text, one.lang).code) for one in hidden], undecided


def _store(parts: Parts, id: str, examples: Sequence[Example]) -> None:
    parts.own.put_examples(id, [example for example in examples if example.label != SKIP])
    if skipped := [example.text for example in examples if example.label == SKIP]:
        parts.own.skip(id, skipped)


def _rows_of_file(name: str, content: bytes) -> Iterator[tuple[str, str]]:
    """Yield the passages of JSON lines with a field `text`. Raises InputError."""
    from api.rows import read_row
    from nlp.masking import mask_text

    for number, line in enumerate(content.splitlines(), 1):
        if not line.strip():
            continue
        row = read_row(line, number)
        if isinstance(row, InputError):
            raise InputError(f"{name}: {row}")
        text = row.get("text")
        if not isinstance(text, str) or not text.strip():
            raise InputError(f"{name} line {number}: text is {text!r}; give a passage.")
        id = str(row.get("id") or document_id(canonical_url=None, text=text))
        document = Document(id=id, source="file", text=mask_text(text))
        yield from _passages_of(document)


def _stored_passages(parts: Parts, query: str | None) -> Iterator[tuple[str, str]]:
    """Yield the passages of stored documents in the languages that are tagged."""
    from nlp.language import TAGGED

    for item in _documents(parts, query):
        if item.tags is None or item.tags.language.code in TAGGED:
            yield from _passages_of(item.document)


def _documents(parts: Parts, query: str | None) -> Iterable[AnnotatedDocument]:
    if query is None:
        return parts.store().documents()
    from index.answers import SearchOptions
    from index.query import parse

    ids: list[str] = []
    cursor: str | None = None
    while len(ids) < _MOST_DOCUMENTS:
        answer = parts.index().search(
            parse(query, parts.vocabulary), SearchOptions(limit=100, cursor=cursor, include_needs_review=True)
        )
        ids += [hit.id for hit in answer.hits]
        if (cursor := answer.next) is None:
            break
    return parts.store().get_all(ids).values()


def _passages_of(document: Document) -> Iterator[tuple[str, str]]:
    from nlp.segmentation import passages

    for passage in passages(document):
        if len(passage.text.split()) >= _LEAST_WORDS:
            yield f"{document.id}#{passage.field}:{passage.start}-{passage.end}", passage.text


def _sample(passages: Iterable[tuple[str, str]], most: int) -> list[tuple[str, str]]:
    """Return every passage once, a random `most` of them where there are more (reservoir; the same seed each time)."""
    generator = random.Random(_SEED)  # noqa: S311 - a sample, no secret
    kept: list[tuple[str, str]] = []
    seen: set[str] = set()
    for passage in passages:
        if (key := key_of(passage[1])) in seen:
            continue
        seen.add(key)
        if len(kept) < most:
            kept.append(passage)
        elif (at := generator.randrange(len(seen))) < most:
            kept[at] = passage
    return kept
