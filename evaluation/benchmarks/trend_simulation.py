"""Do the intervals of trends hold what they promise? Coverage in worlds whose true prevalence is known.

`python -m evaluation.benchmarks.trend_simulation [--worlds N] [--seed S]`. Each world has twelve weeks of documents of six
outlets. Prevalence rises from 4 to 9 % in the middle; stories are copied (as often as those of `copies`), and copies agree with
their original in 19 of 20 cases; the classifier finds more in some outlets than in others, and errs more in some. Six hundred
originals are drawn and read as `eho evaluate audit documents` draws them. Intervals are made by the code that trends use. Where
`ppi_py` is installed (pip install ppi-python), its interval for the whole range stands beside ours.
"""

from __future__ import annotations

import argparse
import importlib
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from index.audited import Read
from index.intervals import Estimate, effective_number, estimate
from index.prevalence import Correction

WEEKS = 12
AUDITED = 600

_STORIES = 400  # a week
_AGREE = 0.95
_OUTLETS = np.array([0.30, 0.22, 0.18, 0.14, 0.10, 0.06])  # part of the documents
_PREVALENCE = np.array([1.0, 0.6, 1.5, 0.8, 1.4, 1.0])  # beside the mean of all
_SENSITIVITY = np.array([0.85, 0.75, 0.90, 0.60, 0.80, 0.70])
_SPECIFICITY = np.array([0.990, 0.975, 0.985, 0.995, 0.970, 0.980])

Flags = NDArray[np.bool_]
Whole = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Setting:
    """One kind of world; `loss` is what the sensitivity loses in the second half, which no correction of points can know."""

    name: str
    copies: float = 0.8  # mean number of copies of a story
    loss: float = 0.0

    def prevalence(self) -> NDArray[np.float64]:
        """Return the true share of every week."""
        weeks = np.where(np.arange(WEEKS) < WEEKS // 2, 0.04, 0.09)
        return np.asarray(weeks * float(_OUTLETS @ _PREVALENCE))


@dataclass(frozen=True, slots=True)
class World:
    """All documents of one world, one row each; the first of each story is the original."""

    week: Whole
    story: Whole
    is_copy: Flags
    carries: Flags
    found: Flags

    def only(self, chosen: Flags) -> World:
        """Return the world of some of its documents."""
        return World(*(getattr(self, name)[chosen] for name in ("week", "story", "is_copy", "carries", "found")))


SETTINGS = (Setting("as assumed"), Setting("sensitivity falls by 0.25 in the second half", loss=0.25))


def world(setting: Setting, generator: np.random.Generator) -> World:
    """Draw one world."""
    count = _STORIES * WEEKS
    week, outlet = np.repeat(np.arange(WEEKS), _STORIES), generator.choice(len(_OUTLETS), count, p=_OUTLETS)
    mean = setting.prevalence()[week] / float(_OUTLETS @ _PREVALENCE)
    carries = generator.random(count) < mean * _PREVALENCE[outlet]
    copies = np.minimum(generator.geometric(1 / (1 + setting.copies), count) - 1, 12)
    story = np.concatenate([np.arange(count), np.repeat(np.arange(count), copies)])
    is_copy = np.arange(len(story)) >= count
    outlets = outlet[story]
    outlets[is_copy] = generator.choice(len(_OUTLETS), int(is_copy.sum()), p=_OUTLETS)
    agrees = generator.random(len(story)) < _AGREE
    truth = np.where(is_copy & ~agrees, generator.random(len(story)) < setting.prevalence()[week[story]], carries[story])
    sensitivity = _SENSITIVITY[outlets] - np.where(week[story] >= WEEKS // 2, setting.loss, 0.0)
    own = np.where(truth, generator.random(len(story)) < sensitivity, generator.random(len(story)) > _SPECIFICITY[outlets])
    found = np.where(is_copy & agrees & (truth == carries[story]), own[story], own)  # the same text gets the same label
    return World(week[story], story, is_copy, truth, found)


def audit(originals: World, generator: np.random.Generator) -> list[Read]:
    """Read originals, half of them found by the machine, and note the weight of each."""
    read = []
    for label in (True, False):
        pool = np.flatnonzero(originals.found == label)
        chosen = generator.choice(pool, min(AUDITED // 2, len(pool)), replace=False)
        read += [Read(label, bool(originals.carries[one]), len(pool) / len(chosen)) for one in chosen]
    return read


@dataclass(frozen=True, slots=True)
class Score:
    """One kind of interval: in what part of the worlds and weeks it held the truth, and how wide it was."""

    setting: str
    name: str
    coverage: float
    error: float  # Monte Carlo standard error of the coverage
    width: float
    bias: float
    worlds: int

    def line(self) -> str:
        """Return the row of the table."""
        parts = (self.setting, self.name, f"{self.coverage:.1%} ± {1.96 * self.error:.1%}", f"{100 * self.width:.1f}")
        return f"| {' | '.join((*parts, f'{100 * self.bias:+.2f}'))} |"


def simulate(setting: Setting, worlds: int, seed: int) -> list[Score]:
    """Return the scores of every kind of interval."""
    generator = np.random.default_rng(seed)
    held: dict[str, list[tuple[float, float, float]]] = {}
    for _ in range(worlds):
        for name, pairs in _intervals(setting, generator).items():
            inside = [float(found.low <= truth <= found.high) for found, truth in pairs]
            wide, off = [found.high - found.low for found, _ in pairs], [found.share - truth for found, truth in pairs]
            held.setdefault(name, []).append((float(np.mean(inside)), float(np.mean(wide)), float(np.mean(off))))
    scores = []
    for name, rows in held.items():
        coverage, width, bias = np.array(rows).T
        error = float(coverage.std(ddof=1) / np.sqrt(worlds))
        scores.append(Score(setting.name, name, float(coverage.mean()), error, float(width.mean()), float(bias.mean()), worlds))
    return scores


def _intervals(setting: Setting, generator: np.random.Generator) -> Mapping[str, list[tuple[Estimate, float]]]:
    """Return, for every kind of interval, its intervals with the truth of each."""
    everything = world(setting, generator)
    originals, truth = everything.only(~everything.is_copy), setting.prevalence()
    read = audit(originals, generator)
    correction = Correction(read, int(originals.found.sum()), len(originals.found))
    weeks: dict[str, list[tuple[Estimate, float]]] = {}
    for week in range(WEEKS):
        here, alone = everything.week == week, originals.week == week
        documents, sizes = int(here.sum()), np.unique(everything.story[here], return_counts=True)[1]
        independent = effective_number(documents, int((sizes**2).sum()))
        labels, found, number = everything.carries[here].mean(), int(originals.found[alone].sum()), int(alone.sum())
        for name, made in {
            "truth, with copies, not clustered": estimate(float(labels), documents),
            "truth, with copies, clustered by story": estimate(float(labels), independent),
            "truth, originals": estimate(float(originals.carries[alone].mean()), number),
            "machine, originals, uncorrected": estimate(found / number, number),
            "machine, originals, corrected": correction.at(found, number),
            "machine, with copies, clustered, corrected": correction.at(
                float(everything.found[here].mean()) * independent, independent
            ),
        }.items():
            weeks.setdefault(name, []).append((made, float(truth[week])))
    whole = float(truth.mean())
    weeks["whole range: machine, uncorrected"] = [(estimate(float(originals.found.mean()), len(originals.found)), whole)]
    weeks["whole range: machine, corrected"] = [(correction.overall, whole)]
    weeks["whole range: ppi_py"] = [(one, whole) for one in _peer(originals, read)]
    return {name: pairs for name, pairs in weeks.items() if pairs}


def _peer(originals: World, read: Sequence[Read]) -> Iterator[Estimate]:
    """Yield the interval of the authors' own package, with the same documents and weights."""
    if (interval := _ppi()) is None:
        return
    weights = np.array([one.weight for one in read])
    low, high = interval(
        np.array([one.carries for one in read], dtype=float),
        np.array([one.found for one in read], dtype=float),
        originals.found.astype(float),
        alpha=0.05,
        w=weights / weights.sum() * len(read),
    )
    middle = float(low[0] + high[0]) / 2
    yield Estimate(middle, float(low[0]), float(high[0]))


def _ppi() -> Callable[..., tuple[NDArray[np.float64], NDArray[np.float64]]] | None:
    try:
        with warnings.catch_warnings():  # the package silences all warnings of whoever imports it
            module = importlib.import_module("ppi_py")
    except ModuleNotFoundError:
        return None
    found: Callable[..., tuple[NDArray[np.float64], NDArray[np.float64]]] = module.ppi_mean_ci
    return found


def main(arguments: Sequence[str]) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--worlds", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=20261121)
    chosen = parser.parse_args(arguments)
    sys.stdout.write("| world | interval | holds the truth | width, points | off by, points |\n|---|---|---|---|---|\n")
    for setting in SETTINGS:
        for score in simulate(setting, chosen.worlds, chosen.seed):
            sys.stdout.write(f"{score.line()}\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1:])
