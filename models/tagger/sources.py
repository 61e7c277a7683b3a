"""What the tagger learns from: the written corpus, its translations and rewritings, and public text (models.public_text)."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from models.corpus import LabelledPassage, read_translations_of
from models.public_text import HATE, OFFENCE, SETS, PublicText, texts_by_set
from models.tagger.examples import UNKNOWN, Example, Labels, background, from_passage

Rewriting = Callable[[LabelledPassage], LabelledPassage | None]  # None: there is nothing to rewrite
_TRANSLATED, _REWRITTEN, _READ = 0.8, 0.5, 1.5  # weights beside a written passage
_MOST_AUXILIARY = 3000  # rows of each public set that teach offence or hate: more takes time without helping the narratives


@dataclass(frozen=True)
class Material:
    """Examples to learn from; public text kept for thresholds (its narratives known); public rows for the auxiliary heads."""

    examples: list[Example]
    held_out: list[Example]
    public: list[Example]
    counts: dict[str, int]


def gather(
    rows: Sequence[LabelledPassage],
    labels: Labels,
    data: Path | None,
    translations: Path | None,
    *,
    seed: int,
    rewritings: Sequence[tuple[Rewriting, float]] = (),
) -> Material:
    """Collect everything. Without `data` (EHO_DATA) public text is only what comes with Eho; one seed, one result.

    `rewritings`: ways to put a passage otherwise (another variety, peoples exchanged), each with the share of passages it
    is tried on.
    """
    draw = random.Random(seed)
    examples = [from_passage(row, labels) for row in rows]
    counts = Counter({"corpus": len(examples)})
    translated = read_translations_of(rows, translations)
    examples += [from_passage(row, labels, _TRANSLATED) for row in translated]
    counts["translated"] = len(translated)
    for rewriting, share in rewritings:
        others = [rewriting(row) for row in [*rows, *translated] if draw.random() < share]
        mine = [from_passage(row, labels, _REWRITTEN) for row in others if row is not None]
        examples += mine
        counts["rewritten"] += len(mine)
    taken, held_out, measuring = _public(data, labels, draw)
    counts.update(one.group.split("/")[0] for one in taken)
    return Material(examples + taken, held_out, measuring, dict(counts))


def _public(data: Path | None, labels: Labels, draw: random.Random) -> tuple[list[Example], list[Example], list[Example]]:
    by_set = texts_by_set(data)
    taken: list[Example] = []
    held_out: list[Example] = []
    measuring: list[Example] = []
    for one in SETS:
        texts = by_set[one.name]
        draw.shuffle(texts)
        left = [_example(text, labels, at) for at, text in enumerate(texts) if text.is_held_out and text.is_known]
        held_out += left[: one.most]
        measuring += [_heads_only(text, labels) for text in texts if text.is_held_out and max(text.offence, text.hate) >= 0]
        mine = [text for text in texts if not text.is_held_out]
        first = [text for text in mine if text.read is not None]  # what was read is always learned
        rest = [text for text in mine if text.read is None]
        most = _MOST_AUXILIARY if one.name in (OFFENCE, HATE) else one.most
        taken += [_example(text, labels, at) for at, text in enumerate([*first, *rest[: max(0, most - len(first))]])]
    return taken, held_out, measuring


def _example(text: PublicText, labels: Labels, at: int) -> Example:
    """Return a text as an example: as read, else as carrying nothing, every third cut to a headline, else for its heads alone."""
    if text.read is not None:
        one = replace(from_passage(text.read, labels, _READ), group=f"{text.set}/read")
        return replace(one, offence=text.offence, hate=text.hate)
    if not text.is_known:
        return _heads_only(text, labels)
    cut = at % 3 == 0 and max(text.offence, text.hate) < 0
    words = " ".join(text.text.split()[: 5 + at % 8]) if cut else text.text
    one = background(words, labels, f"{text.set}/ordinary", text.lang, 1.0)
    return replace(one, offence=text.offence, hate=text.hate)


def _heads_only(text: PublicText, labels: Labels) -> Example:
    one = background(text.text, labels, f"{text.set}/{text.group}", text.lang, 1.0)
    unknown = replace(one, narratives=None, stances=None, evidence=None, told=None, targets=None, sense=UNKNOWN)
    return replace(unknown, offence=text.offence, hate=text.hate)
