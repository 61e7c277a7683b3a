"""Whether a score means what it says, and what each threshold would show: reliability, calibration error, curve."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evaluation.bootstrap import Resampling
from evaluation.figures import Figure, Table, TableRow
from evaluation.metrics import ratio

BINS = 10
CANDIDATE_AT = 0.05  # nearly all pairs of passage and narrative lie far below; they would hide an error where it matters
_THRESHOLDS = tuple(round(0.05 * step, 2) for step in range(1, 20))


@dataclass(frozen=True, slots=True)
class Reliability:
    """Calibration error and its bins: (lowest score, highest score, mean score, share that was true, n)."""

    error: Figure
    bins: tuple[tuple[float, float, Figure, Figure], ...]


def reliability(scores: NDArray[np.float64], truth: NDArray[np.bool_], sampling: Resampling, least: float = 0.0) -> Reliability:
    """Compute the expected calibration error over bins of equal mass (Naeini et al. 2015); `least` leaves lower scores out.

    `scores` and `truth` are rows × narratives. The bins are fixed on the data as they are, then counted in every replicate.
    """
    kept = scores >= least
    if not kept.any():
        return Reliability(Figure(None, 0), ())
    values = np.sort(scores[kept])
    edges = np.unique([part[0] for part in np.array_split(values, BINS) if len(part)])
    bin_of = np.searchsorted(edges, scores, side="right") - 1
    members = np.stack([(bin_of == at) & kept for at in range(len(edges))], axis=2)
    counts = sampling.totals(members.sum(axis=1))
    said = ratio(sampling.totals((members * scores[:, :, None]).sum(axis=1)), counts)
    was = ratio(sampling.totals((members & truth[:, :, None]).sum(axis=1)), counts)
    error = ratio(np.nansum(np.abs(said - was) * counts, axis=1), counts.sum(axis=1))
    sizes = members.sum(axis=(0, 1))
    bins = tuple(
        (
            float(edges[at]),
            float(scores[members[:, :, at]].max()),
            sampling.figure(said[:, at], sizes[at]),
            sampling.share(was[:, at], sizes[at]),
        )
        for at in range(len(edges))
        if sizes[at]
    )
    return Reliability(sampling.figure(error, int(kept.sum())), bins)


def calibration_tables(scores: NDArray[np.float64], truth: NDArray[np.bool_], sampling: Resampling) -> list[Table]:
    """Return the table of calibration errors and the reliability table of the candidates."""
    whole = reliability(scores, truth, sampling)
    candidates = reliability(scores, truth, sampling, least=CANDIDATE_AT)
    errors = Table(
        id="calibration",
        title="Calibration error",
        explained="How far a score lies from the share of cases in which it is right, on average over ten bins of equal size. "
        f"Candidates are pairs of a passage and a narrative with a score of {CANDIDATE_AT} or more.",
        columns={"ece": "Calibration error"},
        rows=(
            TableRow("all", "All pairs of passage and narrative", {"ece": whole.error}),
            TableRow("candidates", "Candidates", {"ece": candidates.error}),
        ),
        lower_is_better=frozenset({"ece"}),
    )
    rows = [
        TableRow(f"bin-{number}", f"{low:.2f} to {high:.2f}", {"said": said, "was": was})
        for number, (low, high, said, was) in enumerate(candidates.bins, 1)
    ]
    columns = {"said": "Mean score", "was": "Share that was right"}
    title = "Reliability of scores (candidates)"
    return [errors, Table("reliability", title, "In a well-calibrated model both columns agree.", columns, rows)]


def threshold_table(scores: NDArray[np.float64], truth: NDArray[np.bool_], sampling: Resampling) -> Table:
    """Return what each threshold would show: precision, share of all labels found, share of passages left without a tag.

    `scores` are those of the tags that the pipeline lists, 0 where it lists none.
    """
    rows = []
    for threshold in _THRESHOLDS:
        shown = scores >= threshold
        counted = np.stack([shown.sum(axis=1), (shown & truth).sum(axis=1), truth.sum(axis=1), ~shown.any(axis=1)], axis=1)
        totals = sampling.totals(np.column_stack([counted, np.ones(len(counted))]))
        figures = {
            "precision": sampling.share(ratio(totals[:, 1], totals[:, 0]), counted[:, 0].sum()),
            "coverage": sampling.share(ratio(totals[:, 1], totals[:, 2]), counted[:, 2].sum()),
            "abstained": sampling.share(ratio(totals[:, 3], totals[:, 4]), len(counted)),
        }
        rows.append(TableRow(f"{threshold:.2f}", f"{threshold:.2f}", figures))
    return Table(
        id="thresholds",
        title="What each threshold would show",
        explained="Tags with at least this score: how many of them are right, and how many of all labels they find.",
        columns={"precision": "Right among the shown", "coverage": "Labels found", "abstained": "Passages without a tag"},
        rows=rows,
        lower_is_better=frozenset({"abstained"}),
    )
