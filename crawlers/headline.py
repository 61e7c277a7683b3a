"""Title and lead of a page: as published, without the site's name, and not twice."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice

from crawlers.markup import HtmlElement, headings, inner_text, split_label
from crawlers.structured import PageFacts
from eho.folding import fold_text

_SEPARATOR = re.compile(r"\s+(?:[|–—»•·]|-|::)\s+|\s*\|\s*")
_LEAD_CLASS = re.compile(
    r"(?:^|[\s_-])(?:lead|lede|lid|leadtext|intro|perex|standfirst|deck|excerpt|summary|subtitle|podnaslov"
    r"|uvod|hyrje|hyrja|nentitull|sapo)(?:$|[\s_-])",
    re.IGNORECASE,
)
_TITLE_CLASS = re.compile(
    r"(?:^|[\s_-])(?:(?:entry|post|article|item|news|story|page|content|single-news)-(?:title|headline)"
    r"|headline|naslov(?:-vesti)?|titulli)(?:$|[\s_-])",
    re.IGNORECASE,
)
_LOGO_CLASS = re.compile(
    r"(?:^|[\s_-])(?:logo|brand(?:ing)?|site-?(?:title|name|header|branding)|blog-?title|masthead|header-inner)(?:$|[\s_-])",
    re.IGNORECASE,
)
_LONGEST_LEAD = 900
_LEAST_LEAD = 25
_CUT = re.compile(r"\s*(?:\.\.\.|…|\[…\]|\[\.\.\.\])\s*$")


@dataclass(frozen=True, slots=True)
class Headline:
    """The title, and the element in which readers see it, where there is one."""

    title: str | None
    element: HtmlElement | None = None


def find_title(tree: HtmlElement, facts: PageFacts, outlet_names: Iterable[str]) -> Headline:
    """Return the headline that readers saw: the only first-level heading that is no site name, else what the page declares.

    Old themes put the site's name into the first-level heading and the headline into a lower one.
    """
    names = {line_key(name) for name in outlet_names}
    seen = [(text, element) for text, element in headings(tree) if line_key(text) not in names]
    document_title = next((inner_text(element) for element in tree.iter("title")), None)
    marked = [(text, element) for text, element in headings(tree, "h1", "h2", "h3") if _is_marked(element)]
    own = [one for one in seen if not _is_logo(one[1]) and not _is_site_part(one[0], document_title, facts, marked)]
    if len(own) == 1:
        return Headline(*own[0])
    if not own and marked:
        return Headline(*marked[0])
    declared = (_string(facts.article.get("headline")), facts.first_meta("og:title", "twitter:title"), document_title)
    everything = [*own, *marked, *headings(tree, "h1", "h2")]
    for candidate in declared:
        if candidate and (title := strip_site_name(candidate, names)):
            return Headline(title, next((element for text, element in everything if is_same_line(text, title)), None))
    return Headline(*own[0]) if own else Headline(None)


def _is_marked(element: HtmlElement) -> bool:
    return element.get("itemprop") in ("headline", "name") or _TITLE_CLASS.search(split_label(element)) is not None


def _is_logo(element: HtmlElement) -> bool:
    links_home = any(link.get("href") in ("/", "./", "index.php", "index.html") for link in element.iter("a"))
    return links_home or any(_LOGO_CLASS.search(split_label(one)) for one in (element, *islice(element.iterancestors(), 3)))


def _is_site_part(text: str, document_title: str | None, facts: PageFacts, marked: list[tuple[str, HtmlElement]]) -> bool:
    """True where the document's title says both this and, beside it, the headline that is declared or marked."""
    key, whole = line_key(text), line_key(document_title or "")
    if not key or key == whole or not (whole.startswith(key) or whole.endswith(key)):
        return False
    others = [_string(facts.article.get("headline")), facts.first_meta("og:title"), *(text for text, _ in marked)]
    return any(line_key(other) == whole.removeprefix(key).removesuffix(key).strip() for other in others if other)


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
