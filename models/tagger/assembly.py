"""`eho models train tagger`: from an encoder and a corpus to a model folder with its card."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from models.corpus import LabelledPassage, read_corpus
from models.encoder.network import WordEncoder
from models.linear import write_json
from models.registry import ModelCard, dated, write_card
from models.tagger.body import TaggerBody, as_body
from models.tagger.examples import STANCES, Labels, label_names
from models.tagger.network import TaggerHeads
from models.tagger.sources import Material, Rewriting, gather
from models.tagger.training import TaggerOptions, train_tagger
from models.tagger.tuning import Aims, calibrate
from models.training import set_facts

Say = Callable[[str], None]


@dataclass(frozen=True)
class TaggerPlan:
    """Where the rows come from, and what the thresholds aim at."""

    corpus: Path
    dev: Path
    translations: Path | None = None
    data: Path | None = None
    partner: Path | None = None  # the folder of an n-gram model whose scores are added
    rewritings: Sequence[tuple[Rewriting, float]] = ()  # ways to put a passage otherwise, with the share it is tried on
    least: int = 8  # a label with fewer rows is not learned
    aims: Aims = field(default_factory=Aims)
    options: TaggerOptions = field(default_factory=TaggerOptions)


def train_and_save(
    encoder: WordEncoder | TaggerBody,
    plan: TaggerPlan,
    families: Mapping[str, str],
    *,
    codebook: str,
    out: Path,
    name: str = "small",
    version: str | None = None,
    made_on: date | None = None,
    say: Say = lambda line: None,
) -> ModelCard:
    """Train a tagger on `plan.corpus`, calibrate it on `plan.dev`, write it to `out`; return its card.

    Raises InputError for a corpus that cannot be read.
    """
    body, rows, dev = as_body(encoder), read_corpus(plan.corpus), read_corpus(plan.dev)
    labels = label_names(rows, families, plan.least)
    material = gather(rows, labels, plan.data, plan.translations, seed=plan.options.seed, rewritings=plan.rewritings)
    say(f"{len(material.examples)} examples: " + ", ".join(f"{count} {what}" for what, count in material.counts.items()))
    titles = {row.text: row.title for row in rows if row.title}
    network = train_tagger(body, material.examples, labels, plan.options, say, titles, out / "checkpoint.safetensors")
    version, day = dated(version, made_on)
    bare = {**_bare_config(labels, families), **body.config} | {
        "format": body.format,
        "name": name,
        "version": version,
        "codebook": codebook,
    }
    write_model(out, network, bare, body)
    measured = calibrate(out, dev, material, plan.aims, labels, partner=plan.partner, load=body.load)
    card = ModelCard(
        name=name,
        version=version,
        format=body.format,
        codebook=codebook,
        made_on=day,
        intended_use="Candidates for review, search and aggregate counts; never a decision about a person or an outlet.",
        limits=(
            "Trained on passages written for this project, not on published texts; native review of the labels is pending.",
            "Probabilities are calibrated on written passages, where narratives are far more frequent than in the news.",
            "Irony and implied meaning escape it more often than plain statements.",
            "A passage of more than 160 words is read up to there.",
            *body.limits,
        ),
        data=(*body.data, *_data_rows(plan, rows, material)),
        measured={"how": "the dev split, which set calibration and thresholds; see docs/measurements.md for the test split"}
        | measured,
        licence=body.licence,
    )
    return write_card(out, card)


def _bare_config(labels: Labels, families: Mapping[str, str]) -> dict[str, Any]:
    return {
        "narratives": list(labels.narratives),
        "families": {name: families[name] for name in labels.narratives},
        "stances": list(STANCES),
        "senses": list(labels.senses),
        "targets": list(labels.targets),
        "calibration": {},
        "thresholds": {},
        "evidence_at": 0.0,
    }


def write_model(out: Path, network: TaggerHeads, config: Mapping[str, Any], body: TaggerBody) -> None:
    """Write `model.json` and the weights."""
    out.mkdir(parents=True, exist_ok=True)
    body.save(network, out)
    write_json(out / "model.json", config)


def _data_rows(plan: TaggerPlan, rows: Sequence[LabelledPassage], material: Material) -> tuple[dict[str, Any], ...]:
    corpus = {
        "name": plan.corpus.name,
        "origin": "Eho narrative corpus, written for this project (synthetic), and its translations",
        "licence": "CC BY 4.0",
        "rows": len(rows),
        "translated": material.counts["translated"],
        "rewritten": material.counts.get("rewritten", 0),
        "batches": sorted({row.batch for row in rows}),
    }
    others = [
        {"name": name, **set_facts(name), "rows": count}
        for name, count in material.counts.items()
        if name not in ("corpus", "translated", "rewritten")
    ]
    return (corpus, *others, {"name": "options", "use": asdict(plan.options)})
