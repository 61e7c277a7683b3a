"""The codebook: every narrative and every value that a tag may take, read from YAML and asked by all steps and pages."""

from __future__ import annotations

import difflib
import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import cache, cached_property
from importlib import resources
from itertools import product
from pathlib import Path
from typing import Annotated, Any, Generic, Literal, TypeVar

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from eho.annotation import HarmExposure, Sense, Stance
from eho.errors import CodebookError
from eho.folding import fold_text

Language = Literal["sq", "sr-Latn", "sr-Cyrl", "en"]
WrittenIn = Literal["sq", "sr-Latn"]  # languages of examples; Cyrillic is the same Serbian
T = TypeVar("T")
LANGUAGES: tuple[Language, ...] = ("sq", "sr-Latn", "sr-Cyrl", "en")

_LATIN = {ord(c): latin for c, latin in zip("абвгдђежзијклмнопрстћуфхцчш", "abvgdđežzijklmnoprstćufhcčš", strict=True)}
_LATIN |= {ord("љ"): "lj", ord("њ"): "nj", ord("џ"): "dž"}


def _whole(texts: dict[Language, str]) -> dict[Language, str]:
    if missing := [language for language in LANGUAGES if not texts.get(language, "").strip()]:
        raise ValueError(f"no text in {', '.join(missing)}; write it in every one of {', '.join(LANGUAGES)}")
    latin, cyrillic = texts["sr-Latn"], texts["sr-Cyrl"]
    if cyrillic.lower().translate(_LATIN) != latin.lower() or re.search(r"[a-zà-ɏ]", cyrillic):
        raise ValueError(f"sr-Cyrl {cyrillic!r} is not sr-Latn {latin!r} in Cyrillic letters; write the same words in both")
    return texts


def _folded(term: str) -> str:
    if (folded := fold_text(term)) != term or not term.isascii():
        raise ValueError(f"term {term!r} is not folded; write {folded!r}")
    return term


Text = Annotated[str, Field(min_length=1, pattern=r"\S")]
Id = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
Localized = Annotated[dict[Language, str], AfterValidator(_whole)]
FoldedTerm = Annotated[Text, AfterValidator(_folded)]


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Term(_Model):
    """A value with an id and its names."""

    id: Id
    labels: Localized


class DefinedTerm(Term):
    """A term whose meaning is written out."""

    definition: Localized


class SeverityLevel(_Model):
    """One step of the severity scale, 0 to 6; never a legal finding."""

    id: int = Field(ge=0, le=6)
    labels: Localized
    definition: Localized


class Cue(_Model):
    """A phrase that retrieves candidates and never assigns a label; attested ones stand in a published source."""

    text: Text
    attested: bool
    note: Text | None = None


class PerLanguage(_Model, Generic[T]):
    """Entries per language; Serbian ones are written in Latin and stand for both scripts."""

    sq: tuple[T, ...]
    sr: tuple[T, ...]


class Example(_Model):
    """A written passage that carries the narrative (positive, with its stance) or does not (near_miss, no stance)."""

    lang: WrittenIn
    kind: Literal["positive", "near_miss"]
    stance: Stance | None
    text: Text


class Narrative(DefinedTerm):
    """One label: what it means, where it ends, how it is found, and what it becomes when two peoples change places."""

    family: str
    includes: tuple[Text, ...] = Field(min_length=1)
    excludes: tuple[Text, ...] = Field(min_length=1)
    cues: PerLanguage[Cue]
    examples: tuple[Example, ...]
    mirror: str | None
    requires_sense: Sense | None
    counts_in_prevalence: bool
    grounding: Literal["published", "hypothesis"]


class Dimensions(_Model):
    """The values of every dimension beside the narrative."""

    stances: tuple[DefinedTerm, ...]
    speakers: tuple[Term, ...]
    attributions: tuple[Term, ...]
    target_groups: tuple[Term, ...]
    severities: tuple[SeverityLevel, ...]
    returnee_senses: tuple[DefinedTerm, ...]
    harm_exposures: tuple[Term, ...]


class Carried(_Model):
    """One narrative that an example of a rule carries."""

    narrative: str
    stance: Stance
    target_groups: tuple[str, ...] = ()


class Judged(_Model):
    """A passage with its judgement; the title is shown to the annotator and not judged."""

    text: Text
    title: Text | None = None
    carries: tuple[Carried, ...] = ()
    severity: int = Field(default=0, ge=0, le=6)
    sense: Sense | None = None

    @property
    def judgement(self) -> tuple[object, ...]:
        """Return everything an annotator decides on the passage."""
        return self.carries, self.severity, self.sense


class RuleExamples(_Model):
    """The border in one language; the two passages of the minimal pair are judged differently."""

    positive: Judged
    near_miss: Judged
    minimal_pair: tuple[Judged, Judged]

    @model_validator(mode="after")
    def _pair_differs(self) -> RuleExamples:
        first, second = self.minimal_pair
        if first.judgement == second.judgement:
            raise ValueError(f"both passages of the minimal pair {first.text!r} are judged alike; they show no border")
        return self


class Rule(_Model):
    """A border between labels, with a passage on either side of it in both languages of the media."""

    id: Id
    text: Text
    examples: dict[WrittenIn, RuleExamples]

    @model_validator(mode="after")
    def _in_both_languages(self) -> Rule:
        if missing := [language for language in ("sq", "sr-Latn") if language not in self.examples]:
            raise ValueError(f"rule {self.id!r} has no examples in {' and '.join(missing)}; write them")
        return self


class Codebook(_Model):
    """A checked codebook; `Codebook.load()` gives the bundled one."""

    version: Text
    families: tuple[DefinedTerm, ...]
    narratives: tuple[Narrative, ...]
    without_mirror: dict[str, Text]
    dimensions: Dimensions
    register_markers: PerLanguage[Text]  # house-style words: logged, never a narrative
    rules: tuple[Rule, ...]
    returnee_terms: PerLanguage[FoldedTerm]  # beginnings of words: triggers, no evidence for a sense

    @classmethod
    def load(cls, path: Path | None = None) -> Codebook:
        """Read a codebook file (None: the bundled one, once); CodebookError has the first problem and their number."""
        if path is None:
            return _bundled()
        codebook, problems = _check(path)
        if codebook is None:
            more = "" if len(problems) == 1 else f" (1 of {len(problems)} problems; `eho codebook validate` names all)"
            raise CodebookError(problems[0] + more)
        return codebook

    @staticmethod
    def validate_file(path: Path) -> list[str]:
        """Return every problem of a codebook file, one line each; an empty list says that `load` accepts it."""
        return _check(path)[1]

    def narrative(self, id: str) -> Narrative:
        """Return one narrative; CodebookError with the nearest id when there is none."""
        by_id = {narrative.id: narrative for narrative in self.narratives}
        if id not in by_id:
            raise CodebookError(f"Unknown narrative {id!r} in codebook {self.tag}; {_advice(id, by_id)}")
        return by_id[id]

    def mirror_of(self, id: str) -> str | None:
        """Return the id that a text carries after its two peoples change places; None where there is no counterpart."""
        return self.narrative(id).mirror

    @cached_property
    def digest(self) -> str:
        """SHA-256 (hex) of the content as canonical JSON: the order of keys, comments and layout do not matter."""
        content = json.dumps(self.model_dump(mode="json"), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(content.encode()).hexdigest()

    @property
    def tag(self) -> str:
        """Version and content in one short string, the `codebook` of every model version."""
        return f"{self.version}+{self.digest[:12]}"


@cache
def _bundled() -> Codebook:
    with resources.as_file(resources.files("eho") / "data" / "codebook.yaml") as path:
        return Codebook.load(path)


class _Loader(yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader):  # type: ignore[misc]  # in C: 24 against 129 ms
    """Refuses a key written twice, which the YAML library would let overwrite the first in silence."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> Any:
        seen: set[str] = set()
        for key, _ in node.value:
            if (name := str(key.value)) in seen:
                raise yaml.MarkedYAMLError(problem=f"the key {name!r} stands twice", problem_mark=key.start_mark)
            seen.add(name)
        return super().construct_mapping(node, deep)


def _check(path: Path) -> tuple[Codebook | None, list[str]]:
    try:
        data = yaml.load(path.read_text(encoding="utf-8"), _Loader)  # noqa: S506 - a subclass of the safe loader
    except (OSError, yaml.YAMLError, ValueError, RecursionError) as error:  # ValueError: not UTF-8, or a date like 2026-13-40
        mark, problem = getattr(error, "problem_mark", None), getattr(error, "problem", None) or error
        place = "" if mark is None else f":{mark.line + 1}:{mark.column + 1}"
        remedy = "check the path" if isinstance(error, OSError) else "correct the YAML there and save it as UTF-8"
        return None, [f"{path}{place}: {_one_line(problem)}; {remedy}."]
    if not isinstance(data, dict):
        return None, [f"{path}: holds {type(data).__name__}, not a mapping; start from the bundled codebook."]
    try:
        codebook, problems = Codebook.model_validate(data), []
    except ValidationError as error:
        codebook, problems = None, [_structural(data, detail) for detail in error.errors(include_url=False)]
    problems += _references(data)
    return (None if problems else codebook), [f"{path}: {problem}." for problem in problems]


def _structural(data: object, detail: Mapping[str, Any]) -> str:
    """Say a schema error with ids in the place of list positions."""
    place, here = "", data
    for step in detail["loc"]:
        here = here[step] if isinstance(here, list) and isinstance(step, int) else _get(here, step)
        place += f"[{_get(here, 'id', step)}]" if isinstance(step, int) else f".{step}"
    place, kind, field = place.lstrip("."), detail["type"], str(detail["loc"][-1])
    if remedy := {"missing": "missing; add it", "extra_forbidden": "unknown; correct its name or remove it"}.get(kind):
        return f"{place}: the field {field!r} is {remedy}"
    if kind == "value_error":
        return f"{place}: {_one_line(detail['ctx']['error'], 400)}"
    if kind == "too_short" or (detail["input"] is not None and not str(detail["input"]).strip()):
        return f"{place}: {detail['input']!r} is empty; write it"
    return f"{place}: {_one_line(repr(detail['input']))} is not allowed ({_one_line(detail['msg'])}); correct it"


def _references(data: Mapping[str, Any]) -> Iterator[str]:
    """Check what one field cannot know alone: ids, families, mirrors, examples, cues and closed sets of values."""
    lists = {name: _rows(data, name) for name in ("families", "narratives", "rules")}
    lists |= {f"dimensions.{name}": _rows(data.get("dimensions"), name) for name in Dimensions.model_fields}
    for name, rows in lists.items():
        for id, count in Counter(str(row.get("id")) for row in rows).items():
            if count > 1:
                yield f"{name}[{id}]: the id {id!r} stands {count} times; give each entry its own"
    for name, enum in (("stances", Stance), ("returnee_senses", Sense), ("harm_exposures", HarmExposure)):
        have = {str(row.get("id")) for row in lists[f"dimensions.{name}"]}
        for id in sorted({str(value) for value in enum} ^ have) if have else ():
            yield f"dimensions.{name}: {id!r} is {'unknown; remove it' if id in have else 'missing; add it'}"
    families = [str(row.get("id")) for row in lists["families"]]
    mirrors = {str(row.get("id")): row.get("mirror") for row in lists["narratives"]}
    for row in lists["narratives"]:
        yield from (f"narratives[{row.get('id')}].{problem}" for problem in _narrative_problems(row, families, mirrors))
    targets = [str(row.get("id")) for row in lists["dimensions.target_groups"]]
    for row in lists["rules"]:
        yield from (f"rules[{row.get('id')}].{problem}" for problem in _rule_problems(row, tuple(mirrors), targets))
    if isinstance(reasons := data.get("without_mirror"), dict):
        for id in sorted({str(id) for id in reasons} ^ {id for id, mirror in mirrors.items() if mirror is None}):
            remedy = "remove it here, or set its mirror to null" if id in reasons else "list it here with the reason"
            yield f"without_mirror: {id!r} does not agree with narratives; {remedy}"


def _narrative_problems(row: Mapping[str, Any], families: Sequence[str], mirrors: Mapping[str, object]) -> Iterator[str]:
    if isinstance(family := row.get("family"), str) and family not in families:
        yield f"family: unknown family {family!r}; {_advice(family, families)}"
    if isinstance(mirror := row.get("mirror"), str):
        if mirror not in mirrors:
            yield f"mirror: unknown narrative {mirror!r}; {_advice(mirror, mirrors)}"
        elif mirrors[mirror] != row.get("id"):
            yield f"mirror: {mirror!r} has the mirror {mirrors[mirror]!r}; make the two name each other"
    examples = _rows(row, "examples")
    have = [(example.get("kind"), example.get("lang")) for example in examples]
    for kind, lang in product(("positive", "near_miss"), ("sq", "sr-Latn")):
        if (kind, lang) not in have:
            yield f"examples: no {kind} example in {lang}; write one"
    for at, example in enumerate(examples):
        if (example.get("kind") == "positive") == (example.get("stance") is None):
            found = f"{example.get('stance')!r} with kind {example.get('kind')!r}"
            yield f"examples[{at}].stance: {found}; give a positive example a stance, a near_miss null"
    for lang in ("sq", "sr"):
        for text, count in Counter(fold_text(str(cue.get("text"))) for cue in _rows(row.get("cues"), lang)).items():
            if count > 1:
                yield f"cues.{lang}: the cue {text!r} stands {count} times (compared without diacritics); keep one"


def _rule_problems(row: Mapping[str, Any], narratives: Sequence[str], targets: Sequence[str]) -> Iterator[str]:
    for lang in ("sq", "sr-Latn"):
        examples = _get(row.get("examples"), lang)
        pair = _rows(examples, "minimal_pair")
        for judged in (_get(examples, "positive"), _get(examples, "near_miss"), *pair):
            for carried in _rows(judged, "carries"):
                groups = carried.get("target_groups") or ()
                for value, known in ((carried.get("narrative"), narratives), *((group, targets) for group in groups)):
                    if isinstance(value, str) and value not in known:
                        yield f"examples.{lang}: unknown value {value!r}; {_advice(value, known)}"


def _rows(holder: object, name: str) -> list[dict[str, Any]]:
    rows = _get(holder, name)
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []


def _get(holder: object, key: object, default: object = None) -> Any:
    return holder.get(key, default) if isinstance(holder, dict) else default


def _advice(wrong: str, known: Sequence[str] | Mapping[str, object]) -> str:
    near = difflib.get_close_matches(wrong, known, n=1, cutoff=0.5)
    return f"did you mean {near[0]!r}?" if near else f"use one of {', '.join(known)}"


def _one_line(value: object, limit: int = 160) -> str:
    line = " ".join(str(value).split())
    return line if len(line) <= limit else line[: limit - 1] + "…"
