"""`~~term`: the term, or any of its pairs in the other language."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from eho.errors import QueryError
from index.nodes import Leaf, Paired, Phrase, Term, TextField
from index.stemming import STEM_LANGUAGES, StemLanguage, stem_tokens
from index.term_list import TermList


def paired(leaf: Leaf, terms: TermList, *, stems: bool) -> Paired:
    """Return a term or phrase beside its pairs, each searched in the forms of its own language. Raises QueryError.

    The term itself is searched as without ~~, so that ~~ never finds less.
    """
    if not isinstance(leaf, Term | Phrase) or (
        isinstance(leaf, Phrase) and (leaf.exact or leaf.slop or "*" in "".join(leaf.words))
    ):
        hint = 'Write ~~word or ~~"two words", without *, ~ or !.'
        raise QueryError("~~ takes a plain word or phrase", position=leaf.position, hint=hint)
    words = _words(leaf)
    found = terms.find(words)
    if not found:
        raise QueryError(
            f"{' '.join(words)!r} has no pair in term list {terms.tag}", position=leaf.position, hint=_hint(words, terms)
        )
    languages = STEM_LANGUAGES if isinstance(leaf, Term) else tuple(dict.fromkeys(one.language for one in found))
    typed = replace(leaf, forms_in=languages if stems else ())
    others = [
        _leaf(words_of_pair, (_other(one.language),) if stems else (), leaf.field, leaf.position)
        for one in found
        for words_of_pair in one.pair.words(_other(one.language))
    ]
    return Paired((typed, *_without_repeats(typed, others)), terms.tag)


def _without_repeats(typed: Term | Phrase, others: Iterable[Term | Phrase]) -> Iterator[Term | Phrase]:
    """Leave out what is searched already: the same words, or another form of a term before it."""
    seen: set[object] = {_words(typed)}
    for other in others:
        keys = [stem_tokens(_words(other), language) for language in other.forms_in] or [_words(other)]
        if _words(other) not in seen and not seen.issuperset(keys):
            yield other
        seen.update((_words(other), *keys))


def _words(leaf: Term | Phrase) -> tuple[str, ...]:
    return (leaf.text,) if isinstance(leaf, Term) else leaf.words


def _other(language: StemLanguage) -> StemLanguage:
    return "sr" if language == "sq" else "sq"


def _leaf(words: tuple[str, ...], forms_in: tuple[StemLanguage, ...], field: TextField, position: int) -> Term | Phrase:
    if len(words) == 1:
        return Term(words[0], field, position, forms_in)
    return Phrase(words, field=field, forms_in=forms_in, position=position)


def _hint(words: tuple[str, ...], terms: TermList) -> str:
    close = terms.close_to(words)
    if close:
        return f"Did you mean {' or '.join(_typed(term) for term in close)}?"
    return f"Add it: eho terms add --sq … --sr …, or search without ~~: {_typed(' '.join(words))[2:]}."


def _typed(term: str) -> str:
    return f'~~"{term}"' if " " in term else f"~~{term}"
