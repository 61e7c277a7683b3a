"""What the recogniser sees of a token: its letters, its shape, what is known of it, and its neighbours.

Features are strings, known to the model by their hash alone. The templates are those that hold for linear-chain models of names
since Ratinov & Roth (2009): form, beginnings and endings, shape, word clusters, gazetteers, a window of two tokens.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from zlib import crc32

from models.entities.lexicon import Facts, Lexicon

_DIGIT = re.compile(r"\d")
_OPENING, _SENTENCE_END = frozenset("\"'([-"), frozenset(".!?…\n:")
_LONGEST = 24  # letters of a word that are looked at


@dataclass(frozen=True, slots=True)
class _Token:
    word: str
    shape: str
    facts: Facts


_EDGE = _Token("", "", Facts())


Memory = Mapping[str, Counter[str]]


def token_features(words: Sequence[str], lexicon: Lexicon, memory: Memory | None = None) -> list[list[int]]:
    """Return the hashes of each token's features; words are folded, with capitals kept.

    `memory`: of the document that the words are of, from `remembered`.
    """
    return [[crc32(feature.encode()) for feature in features] for features in named_features(words, lexicon, memory)]


def remembered(texts: Iterable[Sequence[str]], lexicon: Lexicon) -> Memory:
    """Count for each capitalised word of a document what stands beside it: a surname stands alone after its first mention."""
    memory: dict[str, Counter[str]] = defaultdict(Counter)
    for words in texts:
        tokens, first = _tokens(words, lexicon), _openings(words)
        for at in range(len(tokens)):
            memory[_stem(tokens[at].word)].update(_company(tokens, at, first))
    return memory


def named_features(words: Sequence[str], lexicon: Lexicon, memory: Memory | None = None) -> Iterator[list[str]]:
    """Yield each token's features as they are named."""
    tokens = _tokens(words, lexicon)
    padded = [_EDGE, _EDGE, *tokens, _EDGE, _EDGE]
    first, quoted = _openings(words), _quoted(words)
    for at, token in enumerate(tokens):
        window = padded[at : at + 5]
        features = ["1", *_own(token, first=first[at], quoted=quoted[at])]
        for place, other in zip("abcd", (window[0], window[1], window[3], window[4]), strict=True):
            features += _neighbour(place, other)
        features += _together(window, first=first[at])
        if memory is not None:
            features += _elsewhere(tokens, at, first, memory)
        yield features


def _tokens(words: Sequence[str], lexicon: Lexicon) -> list[_Token]:
    joined = "".join(words)
    caseless = joined.islower() or joined.isupper()  # then capitals say nothing, and nothing may be learnt from their lack
    lowered = [_DIGIT.sub("0", word.lower()[:_LONGEST]) for word in words]
    facts: Mapping[str, Facts] = lexicon.look_up(lowered)
    made: dict[str, _Token] = {}
    for word, lower in zip(words, lowered, strict=True):
        if word not in made:
            made[word] = _Token(lower, f"~{_shape(lower)}" if caseless else _shape(word), facts[lower])
    return [made[word] for word in words]


def _company(tokens: Sequence[_Token], at: int, first: Sequence[bool]) -> set[str]:
    """Return what a capitalised word stands beside; a capital that opens a sentence says nothing."""
    token = tokens[at]
    if token.shape[:1] != "X" or first[at]:
        return set()
    beside = {"X", f"h{token.shape}"}
    for place, near in (("b", at - 1), ("c", at + 1)):
        if 0 <= near < len(tokens):
            other = tokens[near]
            beside.add(f"{place}f{other.facts.fine}" if place == "b" else f"{place}c{other.facts.coarse}")
            if other.shape[:1] == "X" and not first[near]:
                beside |= {f"{place}X", f"{place}g{other.facts.paradigm}"}
    return beside


def _elsewhere(tokens: Sequence[_Token], at: int, first: Sequence[bool], memory: Memory) -> Iterator[str]:
    """Yield what the same word stands beside elsewhere in the document."""
    token = tokens[at]
    if token.shape[:1] not in ("X", "~"):
        return
    own = _company(tokens, at, first)
    for kind, count in memory.get(_stem(token.word), Counter[str]()).items():
        if count > (kind in own):
            yield f"m{kind}|{token.shape}"


def _stem(word: str) -> str:
    return word[:5] if len(word) > 6 else word[:4]


def _shape(word: str) -> str:
    """Return kinds of letters with runs cut to two: Xxx -> Xxx, NATO-a -> XX-x, 2008 -> dd."""
    shape = ""
    for letter in word[:_LONGEST]:
        kind = "X" if letter.isupper() else "x" if letter.isalpha() else "d" if letter.isdigit() else letter
        if shape[-2:] != kind * 2:
            shape += kind
    return shape


def _own(token: _Token, *, first: bool, quoted: bool) -> Iterator[str]:
    word, shape, facts = token.word, token.shape, token.facts
    yield f"w{word}"
    for size in (3, 4, 5, 6):
        if len(word) > size:
            yield f"p{word[:size]}"
    for size in (1, 2, 3, 4, 5):
        if len(word) > size:
            yield f"s{word[-size:]}"
    yield f"h{shape}"
    yield f"hf{shape}{first:d}"
    yield f"hfk{shape}{first:d}{facts.case}"
    yield f"hq{shape}{quoted:d}"
    yield f"hs{shape}{word[-3:]}"
    yield f"hp{shape}{facts.paradigm}"
    yield f"k{facts.case}"
    yield f"g{facts.paradigm}"
    yield f"c{facts.coarse}"
    yield f"f{facts.fine}"
    yield f"hc{shape}{facts.coarse}"


def _neighbour(place: str, token: _Token) -> Iterator[str]:
    word, facts = token.word, token.facts
    yield f"{place}w{word}"
    yield f"{place}p{word[:5]}"
    yield f"{place}h{token.shape}"
    yield f"{place}c{facts.coarse}"
    yield f"{place}f{facts.fine}"
    yield f"{place}g{facts.paradigm}"
    yield f"{place}k{facts.case}"
    if place in "bc":
        yield f"{place}s{word[-3:]}"


def _together(window: Sequence[_Token], *, first: bool) -> Iterator[str]:
    before2, before, token, after, after2 = window
    here = f"{token.shape}{first:d}"
    yield f"bw{before.word}|{token.word}"
    yield f"wc{token.word}|{after.word}"
    yield f"bh{before.shape}|{here}"
    yield f"hc{here}|{after.shape}"
    yield f"bhc{before.shape}|{here}|{after.shape}"
    yield f"abh{before2.shape}|{before.shape}|{here}"
    yield f"hcd{here}|{after.shape}|{after2.shape}"
    yield f"bwh{before.word}|{here}"
    yield f"abwh{before2.word}|{before.word}|{here}"
    yield f"hcw{here}|{after.word}"
    yield f"bfh{before.facts.fine}|{here}"
    yield f"hcf{here}|{after.facts.fine}"
    yield f"bcc{before.facts.coarse}|{token.facts.coarse}"
    yield f"ccc{token.facts.coarse}|{after.facts.coarse}"
    yield f"bgg{before.facts.paradigm}|{token.facts.paradigm}|{here}"
    yield f"ggc{token.facts.paradigm}|{after.facts.paradigm}|{here}"
    yield f"bsh{before.word[-3:]}|{before.shape}|{token.word[-2:]}|{here}"


def _openings(words: Sequence[str]) -> list[bool]:
    """Tell of each token whether it opens a sentence, quotation marks and brackets before it left aside."""
    opens, found = True, []
    for word in words:
        found.append(opens)
        opens = word[-1:] in _SENTENCE_END or (opens and (word in _OPENING or word.isspace()))
    return found


def _quoted(words: Sequence[str]) -> list[bool]:
    inside, found = False, []
    for word in words:
        inside ^= word == '"'
        found.append(inside)
    return found
