"""`eho models train`: from a corpus path to a model folder with its card."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from models.corpus import LabelledPassage, as_headlines, bundled, read_background, read_corpus, read_translations_of, spread
from models.linear import save_linear
from models.linear_training import LinearOptions, Say, train_linear
from models.public_text import HATE, OFFENCE, SETS, texts_by_set
from models.registry import ModelCard, dated, write_card

BACKGROUND_ROWS_PER_FILE = 1500


def train_baseline(
    corpus: Path,
    background: Sequence[Path],
    families: Mapping[str, str],
    *,
    codebook: str,
    out: Path,
    name: str = "baseline",
    version: str | None = None,
    made_on: date | None = None,
    translations: Path | None = None,
    data: Path | None = None,
    options: LinearOptions | None = None,
    say: Say = lambda line: None,
) -> ModelCard:
    """Train the n-gram baseline and write it to `out`; return its card.

    `background` are JSON-lines files of ordinary text without labels, taken as negatives; `translations` the corpus in the
    other languages; of the public sets below `data` the passages that were read and labelled are learned too. Raises
    InputError for a corpus that cannot be read. The same inputs and options give the same weights.
    """
    rows = read_corpus(corpus)
    translated = read_translations_of(rows, translations)
    read, ordinary = _public(data) if data else ([], {})
    texts = read_background(background, most=BACKGROUND_ROWS_PER_FILE) + [text for mine in ordinary.values() for text in mine]
    version, day = dated(version, made_on)
    trained = train_linear(
        [*rows, *translated], texts, families, codebook=codebook, name=name, version=version, read=read, options=options, say=say
    )
    save_linear(out, trained.config, trained.features, trained.heads)
    card = ModelCard(
        name=name,
        version=version,
        format=trained.config["format"],
        codebook=codebook,
        made_on=day,
        intended_use="Candidates for review, search and aggregate counts; never a decision about a person or an outlet.",
        limits=(
            "It knows wording, not meaning: irony, implied meaning and unusual phrasing escape it.",
            "Trained on passages written for this project, not on published texts; native review of the labels is pending.",
            "Probabilities are calibrated on left-out written passages, where narratives are far more frequent than in the news: "
            "in the wild a shown tag is wrong more often than its score says.",
            "Stance, targets and severity are less reliable than the narrative itself.",
        ),
        data=(
            _corpus_row(corpus, rows, len(translated)),
            *_read_rows(read),
            *({"name": name, **set_facts(name), "rows": len(mine), "use": "negatives"} for name, mine in ordinary.items()),
            *(_background_row(path) for path in background),
        ),
        measured={
            "how": "folds left out by batch, the card's own training corpus; no separate test set",
            "passages": len(rows),
            "background_texts": len(texts),
            **trained.measured,
        },
        licence="CC BY-SA 4.0",
    )
    return write_card(out, card)


def _corpus_row(corpus: Path, rows: Sequence[LabelledPassage], translated: int) -> dict[str, Any]:
    return {
        "name": corpus.name,
        "origin": "Eho narrative corpus, written for this project (synthetic)",
        "licence": "CC BY 4.0",
        "rows": len(rows),
        "translated": translated,
        "rows_by_language": dict(sorted(Counter(row.lang for row in rows).items())),
        "batches": sorted({row.batch for row in rows}),
    }


def _public(data: Path) -> tuple[list[LabelledPassage], dict[str, list[str]]]:
    """Return the public passages that were read, and by set the other texts that may count as carrying nothing.

    Of encyclopaedias, books and news every second one comes again cut to the length of a headline. Held-out texts are left
    alone: a tagger that takes this model for its partner sets its thresholds on them.
    """
    trained_on = {name: [text for text in texts if not text.is_held_out] for name, texts in texts_by_set(data).items()}
    read = [text.read for texts in trained_on.values() for text in texts if text.read is not None]
    ordinary: dict[str, list[str]] = {}
    for one in SETS:
        known = [text.text for text in trained_on[one.name] if text.read is None and text.is_known]
        mine = spread(known, one.most)
        ordinary[one.name] = mine if one.name in (OFFENCE, HATE) else mine + as_headlines(mine[::2])
    return read, ordinary


def _read_rows(read: Sequence[LabelledPassage]) -> list[dict[str, Any]]:
    counts = Counter(row.batch.removeprefix("read-") for row in read)
    return [
        {"name": name, **set_facts(name), "rows": rows, "use": "read and labelled for this project"}
        for name, rows in sorted(counts.items())
    ]


def set_facts(name: str) -> dict[str, str]:
    """Return origin and licence of a public set, as cards state them."""
    known = yaml.safe_load(bundled("sets.yaml").read_text(encoding="utf-8"))
    facts: dict[str, str] = known.get(name, {"origin": "not stated", "licence": "not stated"})
    return facts


def _background_row(path: Path) -> dict[str, Any]:
    name = path.name.split(".")[0]
    return {"name": name, **set_facts(name), "rows": f"at most {BACKGROUND_ROWS_PER_FILE}", "use": "negatives"}
