"""Word lists of the rule-based steps: YAML files of folded entries, compiled once to patterns."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from importlib.resources import files

import yaml


@lru_cache(maxsize=16)
def words(lexicon: str) -> Mapping[str, Sequence[str]]:
    """Return the lists of one file under `nlp/data`, by name."""
    lists: Mapping[str, Sequence[str]] = yaml.safe_load((files("nlp") / "data" / f"{lexicon}.yaml").read_text(encoding="utf-8"))
    return lists


def entry_pattern(entry: str) -> str:
    """Return the regular expression of one entry; a `*` at its end stands for any ending."""
    return re.escape(entry.removesuffix("*")) + (r"\w*" if entry.endswith("*") else "")


@lru_cache(maxsize=64)
def pattern(lexicon: str, name: str) -> re.Pattern[str]:
    """Compile one list for folded text: entries ending in `*` are stems, the others whole words or phrases."""
    parts = [entry_pattern(entry) for entry in words(lexicon)[name]]
    return re.compile(r"\b(?:" + "|".join(sorted(parts, key=len, reverse=True)) + r")(?!\w)")
