"""Title and lead of a page: as published, without the site's name, and not twice."""

from __future__ import annotations

import re
from collections.abc import Iterable

from crawlers.markup import HtmlElement, headings, inner_text
from crawlers.structured import PageFacts
from eho.folding import fold_text

_SEPARATOR = re.compile(r"\s+(?:[|–—»•·]|-|::)\s+|\s*\|\s*")
_LEAD_CLASS = re.compile(
    r"(?:^|[\s_-])(?:lead|lede|lid|leadtext|intro|perex|standfirst|deck|excerpt|summary|subtitle|podnaslov|uvod|hyrje|hyrja|nentitull|sapo)(?:$|[\s_-])",
    re.IGNORECASE,
)
_LONGEST_LEAD = 900
_LEAST_LEAD = 25
_CUT = re.compile(r"\s*(?:\.\.\.|…|\[…\]|\[\.\.\.\])\s*$")


def find_title(tree: HtmlElement, facts: PageFacts, outlet_names: Iterable[str]) -> str | None:
    """Return the headline that readers saw: the only first-level heading, else what the page declares."""
    names = {line_key(name) for name in outlet_names}
    seen = [text for text in headings(tree) if line_key(text) not in names]
    if len(seen) == 1:
        return seen[0]
    document_title = next((inner_text(element) for element in tree.iter("title")), None)
    declared = (_string(facts.article.get("headline")), facts.first_meta("og:title", "twitter:title"), document_title)
    for candidate in declared:
        if candidate and (title := strip_site_name(candidate, names)):
            return title
    return seen[0] if seen else None


def strip_site_name(title: str, names: set[str]) -> str:
    """Drop the site's name from the end (or the beginning) of a title."""
    cuts = list(_SEPARATOR.finditer(title))
    if cuts and _is_name(title[cuts[-1].end() :], names):
        return strip_site_name(title[: cuts[-1].start()].rstrip(), names)
    if cuts and _is_name(title[: cuts[0].start()], names):
        return title[cuts[0].end() :].lstrip()
    return title


def find_lead(tree: HtmlElement, facts: PageFacts, lines: list[str], title: str | None) -> str | None:
    """Return the lead: the element marked as such, else a whole paragraph in bold, else the page's own description.

    A description that is a cut-off copy of the text's beginning is no lead; the text keeps its first paragraph.
    """
    for element in tree.iter("p", "div", "h2", "h3", "strong", "span", "section"):
        if _LEAD_CLASS.search(element.get("class") or "") or element.get("itemprop") == "description":
            text = inner_text(element)
            if _LEAST_LEAD <= len(text) <= _LONGEST_LEAD and not is_same_line(text, title):
                return text
    declared = (
        _string(facts.article.get("description")),
        facts.first_meta("og:description", "description", "twitter:description"),
    )
    for description in declared:
        text = description or ""
        if _LEAST_LEAD <= len(text) <= _LONGEST_LEAD and not is_same_line(text, title) and not _is_cut_copy(text, lines):
            return text
    return _bold_first_line(tree, [line for line in lines[:2] if not is_same_line(line, title)])


def is_same_line(line: str, other: str | None) -> bool:
    """Tell whether two lines say the same, spelling and punctuation aside."""
    return other is not None and abs(len(line) - len(other)) <= 12 and line_key(line) == line_key(other)


def _is_cut_copy(text: str, lines: list[str]) -> bool:
    start = line_key(_CUT.sub("", text))
    body = line_key(" ".join(lines[:4]))
    if any(is_same_line(line, text) for line in lines[:4]):
        return False
    return start != "" and (body.startswith(start) or any(line_key(line).startswith(start) for line in lines[:4]))


def _bold_first_line(tree: HtmlElement, lines: list[str]) -> str | None:
    if not lines:
        return None
    for element in tree.iter("strong", "b"):
        if line_key(inner_text(element)) == line_key(lines[0]) and _LEAST_LEAD <= len(lines[0]) <= _LONGEST_LEAD:
            return lines[0]
    return None


def _is_name(part: str, names: set[str]) -> bool:
    key = line_key(part)
    return bool(key) and (key in names or any(key == name.removesuffix(" test") for name in names))


def _string(value: object) -> str | None:
    return " ".join(value.split()) or None if isinstance(value, str) else None


def line_key(text: str) -> str:
    """Return what two lines that say the same have in common: folded words without punctuation."""
    return re.sub(r"\W+", " ", fold_text(text)).strip()
