"""The parts of a query: a frozen tree that every engine reads, and that can be written back as text.

Positions are 0-based code points in the query as typed; they do not count when two trees are compared.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from dataclasses import field as attribute
from datetime import date
from typing import Literal, TypeAlias

from index.stemming import STEM_LANGUAGES, StemLanguage

TextField = Literal["any", "title", "text"]
KeywordField = Literal["source", "lang", "kind", "sense", "entity", "cluster"]
ConditionField = Literal["narrative", "stance", "speaker", "target", "reviewed"]

MAX_SEVERITY = 6


@dataclass(frozen=True, slots=True)
class Everything:
    """All documents."""


@dataclass(frozen=True, slots=True)
class Term:
    """A folded word in title, lead or text, and its other forms in the languages of `forms_in`.

    With one language it is looked for in texts of that language alone: `dete` is a child in Serbian and seas in Albanian.
    """

    text: str
    field: TextField = "any"
    position: int = attribute(default=0, compare=False)
    forms_in: tuple[StemLanguage, ...] = STEM_LANGUAGES

    @property
    def is_of_one_language(self) -> bool:
        return len(self.forms_in) == 1


@dataclass(frozen=True, slots=True)
class Phrase:
    """Words in a row; `slop` other words may stand among them. Folded unless `exact`; a folded word may hold `*`.

    `forms_in` names the languages in which each word may take another form: none for a phrase as typed.
    """

    words: tuple[str, ...]
    slop: int = 0
    exact: bool = False
    field: TextField = "any"
    position: int = attribute(default=0, compare=False)
    forms_in: tuple[StemLanguage, ...] = ()


@dataclass(frozen=True, slots=True)
class Wildcard:
    """A folded word in which `*` stands for any characters."""

    pattern: str
    field: TextField = "any"
    position: int = attribute(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Fuzzy:
    """A folded word within one or two edits (a swap of neighbours is one)."""

    text: str
    distance: int
    field: TextField = "any"
    position: int = attribute(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Keyword:
    """A document's field that equals a value; `*` stands for any characters."""

    field: KeywordField
    value: str
    position: int = attribute(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class DateRange:
    """Published on these Belgrade days, both included; None leaves a side open."""

    first: date | None
    last: date | None
    position: int = attribute(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Condition:
    """What one annotation must be; `*` stands for any characters."""

    field: ConditionField
    value: str
    position: int = attribute(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class SeverityRange:
    """The severity of one annotation, both ends included."""

    low: int
    high: int
    position: int = attribute(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class And:
    """All parts."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """At least one part."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Paired(Or):
    """A term, first among the parts, or one of its pairs in the other language; `term_list` names the list's version."""

    term_list: str = ""


@dataclass(frozen=True, slots=True)
class Not:
    """Not the part."""

    part: Node


@dataclass(frozen=True, slots=True)
class AnnotationGroup:
    """One annotation of the document meets the whole expression of Condition, SeverityRange, And, Or and Not."""

    expression: Node


Leaf: TypeAlias = Term | Phrase | Wildcard | Fuzzy | Keyword | DateRange | Condition | SeverityRange
Node: TypeAlias = Everything | Leaf | And | Or | Not | AnnotationGroup
TextLeaf: TypeAlias = Term | Phrase | Wildcard | Fuzzy


@dataclass(frozen=True, slots=True)
class Query:
    """A query as typed and as understood."""

    text: str
    root: Node = attribute(default_factory=Everything)


def children(node: Node) -> tuple[Node, ...]:
    """Return the parts directly below a node."""
    if isinstance(node, And | Or):
        return node.parts
    if isinstance(node, Not):
        return (node.part,)
    return (node.expression,) if isinstance(node, AnnotationGroup) else ()


def leaves(node: Node) -> list[Leaf]:
    """Return all leaves of a tree, from left to right."""
    if isinstance(node, Everything):
        return []
    below = children(node)
    if below or isinstance(node, And | Or | Not | AnnotationGroup):
        return [leaf for child in below for leaf in leaves(child)]
    return [node]


def text_leaves(node: Node) -> list[TextLeaf]:
    """Return the terms, phrases, wildcards and fuzzy terms that a hit may contain: those not under NOT."""
    if isinstance(node, Not | AnnotationGroup):
        return []
    if isinstance(node, Term | Phrase | Wildcard | Fuzzy):
        return [node]
    return [leaf for child in children(node) for leaf in text_leaves(child)]


def conjoin(*nodes: Node) -> Node:
    """Return the AND of nodes: everything drops out, AND within AND is flattened."""
    parts: list[Node] = []
    for node in nodes:
        if isinstance(node, And):
            parts += node.parts
        elif not isinstance(node, Everything):
            parts.append(node)
    if not parts:
        return Everything()
    return parts[0] if len(parts) == 1 else And(tuple(parts))


def pattern_of(value: str) -> re.Pattern[str]:
    """Return the pattern of a value in which `*` stands for any characters."""
    return re.compile(".*".join(re.escape(part) for part in value.split("*")), re.DOTALL)


def format_query(node: Node) -> str:
    """Write a tree as query text; reading it again gives an equal tree."""
    if isinstance(node, Everything):
        return ""
    if isinstance(node, AnnotationGroup):
        return format_query(node.expression)
    if isinstance(node, And):
        return " ".join(_inner(part) for part in node.parts)
    if isinstance(node, Paired):
        return _format_paired(node)
    if isinstance(node, Or):
        return " OR ".join(_inner(part) for part in node.parts)
    if isinstance(node, Not):
        return f"NOT {_inner(node.part)}"
    return _format_leaf(node)


def _inner(node: Node) -> str:
    bare = node.expression if isinstance(node, AnnotationGroup) else node
    text = format_query(bare)
    return f"({text})" if isinstance(bare, And | Or) and not isinstance(bare, Paired) else text


def _format_paired(node: Paired) -> str:
    term = node.parts[0]
    if not isinstance(term, Term | Phrase):
        raise TypeError(f"{type(term).__name__} has no pairs")
    words = (term.text,) if isinstance(term, Term) else term.words
    prefix = "" if term.field == "any" else f"{term.field}:"
    return f"{prefix}~~{words[0]}" if len(words) == 1 else f'{prefix}~~"{" ".join(words)}"'


def _format_leaf(node: Leaf) -> str:
    if isinstance(node, Keyword | Condition):
        return f"{node.field}:{_quoted(node.value)}"
    if isinstance(node, DateRange):
        first, last = (day.isoformat() if day else "*" for day in (node.first, node.last))
        return f"date:[{first} TO {last}]"
    if isinstance(node, SeverityRange):
        return f"severity:[{node.low} TO {node.high}]"
    prefix = "" if node.field == "any" else f"{node.field}:"
    if isinstance(node, Phrase):
        text = " ".join(node.words)
        return f'{prefix}"{text}"' + ("!" if node.exact else "") + (f"~{node.slop}" if node.slop else "")
    if isinstance(node, Fuzzy):
        return f"{prefix}{node.text}~{node.distance}"
    if isinstance(node, Wildcard):
        return prefix + node.pattern
    return prefix + (node.text if node.forms_in else f'"{node.text}"')


def _quoted(value: str) -> str:
    return value if re.fullmatch(r"[\w.*:-]+", value) and not value.startswith("-") else f'"{value}"'
