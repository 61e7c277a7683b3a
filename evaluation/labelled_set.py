"""Measures a model on labelled passages: from rows and predictions to tables, examples and a summary in plain words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from eho.codebook import Codebook
from evaluation.bootstrap import Resampling
from evaluation.calibration import calibration_tables, threshold_table
from evaluation.detail_tables import detail_tables
from evaluation.figures import ErrorExample, Figure, SetResult
from evaluation.labelled import digest_of, labelled_files, read_labelled
from evaluation.matching import Judged, Matching, judge, match
from evaluation.narrative_tables import gap_table, narrative_tables
from evaluation.predictions import Say, Tagger
from models.corpus import spread
from models.registry import ModelCard

_EXAMPLES_PER_KIND = 8
_LABELS_DESCRIBE_TEXT = "Labels describe the text of a row; its title is context, and tags on it are not counted here."
_FEW_CLUSTERS = 10
_PLURALS = {"batch": "batches", "document": "documents"}


def evaluate_folder(
    name: str, title: str, folder: Path, tagger: Tagger, say: Say | None = None, *, with_examples: bool = True
) -> SetResult:
    """Measure a model on a folder of labelled passages. Raises InputError naming file, line and value.

    `with_examples=False` keeps rows of a test split from those who model by looking at errors.
    """
    rows = read_labelled(folder)
    predictions = tagger.predict([row.to_document() for row in rows], what=name, say=say)
    judged = judge(rows, predictions)
    notes = [_LABELS_DESCRIBE_TEXT, *_seen_in_training(judged, tagger.card)]
    digest = digest_of(labelled_files(folder))
    result = measure(name, title, judged, tagger.codebook, digest=digest, notes=notes, clustered_by="batch")
    if with_examples:
        return result
    return replace(result, examples=(), notes=[*result.notes, "No examples: the rows of this split are not for modelling."])


def measure(
    name: str,
    title: str,
    judged: Sequence[Judged],
    codebook: Codebook,
    *,
    digest: str,
    clustered_by: str,
    notes: Sequence[str] = (),
    scores: Sequence[Sequence[float]] | None = None,
) -> SetResult:
    """Compute every table for rows with their predictions; `scores` as in `evaluation.matching.match`."""
    matching = match(judged, codebook, scores)
    weights = [one.row.weight for one in judged]
    sampling = Resampling([one.row.cluster for one in judged], weights=weights)
    tables = [
        *narrative_tables(matching, sampling, codebook),
        *detail_tables(matching, sampling, codebook),
        *calibration_tables(matching.scores, matching.gold, sampling),
        threshold_table(matching.listed_scores, matching.gold, sampling),
        gap_table(matching, sampling),
    ]
    result = SetResult(
        name=name,
        title=title,
        digest=digest,
        n=len(judged),
        clusters=sampling.clusters,
        clustered_by=clustered_by,
        tables=tables,
        notes=[*notes, *warnings_of(sampling, clustered_by, judged)],
        examples=_examples(matching),
    )
    return replace(result, summary=summarise(result))


def summarise(result: SetResult) -> list[str]:
    """Say the main figures in plain sentences."""
    lines = []
    for level, who in (("shown", "shown to readers"), ("listed", "listed, those that wait for review included")):
        precision, recall = (result.figure(f"overall/micro/{level}_{name}") for name in ("precision", "recall"))
        if precision is not None and recall is not None:
            right = f"{percent(precision)} were right" if precision.n else "there were none"
            lines.append(
                f"Of the {precision.n} tags {who}, {right}. They found {percent(recall)} of the {recall.n} narratives labelled."
            )
    for key, text in (
        ("stance/all/accuracy", "Where the narrative was right, the stance was right in {} of {} cases."),
        ("sense/returns/accuracy", "Who it is that returns was told rightly in {} of {} passages about a return."),
        ("trap/all/shown", "A tag was shown on {} of the {} passages that carry nothing."),
        ("trap/identity/listed", "A tag was listed on {} of the {} passages that merely mention a people or a faith."),
    ):
        figure = result.figure(key)
        if figure is not None and figure.value is not None:
            lines.append(text.format(percent(figure), figure.n))
    return lines


def percent(figure: Figure) -> str:
    """Write a share with its interval."""
    if figure.value is None:
        return "none"
    interval = "" if figure.low is None or figure.high is None else f" ({figure.low:.0%} to {figure.high:.0%})"
    return f"{figure.value:.0%}{interval}"


def warnings_of(sampling: Resampling, clustered_by: str, judged: Sequence[Judged]) -> list[str]:
    """Say what makes the figures less sure than they look."""
    lines = []
    if sampling.clusters == 1:
        lines.append(f"All rows are of one {clustered_by}: no interval can be given.")
    elif sampling.clusters < _FEW_CLUSTERS:
        lines.append(f"The rows are of {sampling.clusters} {_PLURALS[clustered_by]} only: intervals are rough and too narrow.")
    if abstained := sum(one.prediction.abstained for one in judged):
        lines.append(f"The model abstained on {abstained} of {len(judged)} passages (their language); what they carry is missed.")
    return lines


def _seen_in_training(judged: Sequence[Judged], card: ModelCard) -> list[str]:
    """Say how many rows are of batches that the card names as training data: figures on them flatter the model."""
    trained = {batch for source in card.data for batch in source.get("batches", ())}
    seen = sum(one.row.cluster in trained for one in judged)
    if not seen:
        return []
    return [f"{seen} of the {len(judged)} passages are of batches that the model was trained on: the figures flatter it."]


def _examples(matching: Matching) -> list[ErrorExample]:
    """Choose errors evenly over the set: tags that are wrong, narratives that were missed, stances that are wrong."""
    found: dict[str, list[ErrorExample]] = {"wrong narrative": [], "missed": [], "wrong stance": []}
    for one in matching.judged:
        labelled = one.row.narratives
        tagged = {tag.narrative for tag in one.tags}
        expected = "; ".join(f"{item.narrative} ({item.stance})" for item in one.row.annotations) or "nothing"
        got = "; ".join(f"{tag.narrative} ({tag.stance}, {tag.score:.2f})" for tag in one.tags) or "nothing"
        stances = {(item.narrative, item.stance) for item in one.row.annotations}
        kinds = []
        if tagged - labelled:
            kinds.append("wrong narrative")
        elif labelled - tagged:
            kinds.append("missed")
        if any(tag.narrative in labelled and (tag.narrative, tag.stance) not in stances for tag in one.tags):
            kinds.append("wrong stance")
        for kind in kinds:
            found[kind].append(ErrorExample(kind, one.row.id, one.row.lang, expected, got, one.row.text))
    return [item for items in found.values() for item in spread(items, _EXAMPLES_PER_KIND)]
