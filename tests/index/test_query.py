from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eho.annotation import Stance
from eho.codebook import Codebook
from eho.errors import QueryError
from index.nodes import (
    And,
    AnnotationGroup,
    Condition,
    DateRange,
    Fuzzy,
    Keyword,
    Not,
    Or,
    Phrase,
    Query,
    SeverityRange,
    Term,
    Wildcard,
)
from index.query import format_query, parse
from index.vocabulary import Vocabulary

X, Y = Condition("narrative", "x"), Condition("narrative", "y")
ENDORSE, COUNTER = Condition("stance", "endorse"), Condition("stance", "counter")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("Повратници", Term("povratnici"), id="folded"),
        pytest.param("a b", And((Term("a"), Term("b"))), id="adjacent-is-and"),
        pytest.param("a AND b", And((Term("a"), Term("b"))), id="and"),
        pytest.param("a OR b c", Or((Term("a"), And((Term("b"), Term("c"))))), id="and-before-or"),
        pytest.param("and or not", And((Term("and"), Term("or"), Term("not"))), id="small-letters-are-words"),
        pytest.param("NOT -a", Term("a"), id="double-negation"),
        pytest.param("title:(a OR text)", Or((Term("a", "title"), Term("text", "title"))), id="field-of-a-group"),
        pytest.param("„A b“~3!", Phrase(("a", "b"), 3, exact=True), id="exact-near"),
        pytest.param("»a b«", Phrase(("a", "b")), id="swiss-quotes"),
        pytest.param("»a „b“ c«", Phrase(("a", "b", "c")), id="quotes-in-quotes"),
        pytest.param('"a"', Term("a", forms_in=()), id="one-word-as-typed"),
        pytest.param('"Đак"!', Phrase(("đак",), exact=True), id="exact-keeps-script"),
        pytest.param("Al-Hol", Phrase(("al", "hol")), id="hyphen"),
        pytest.param("fëmijë*", Wildcard("femije*"), id="wildcard"),
        pytest.param("**ratnik**", Wildcard("*ratnik*"), id="doubled-stars"),
        pytest.param("čovek~2", Fuzzy("covek", 2), id="fuzzy"),
        pytest.param("source:Koha.net", Keyword("source", "koha.net"), id="source"),
        pytest.param('source:"Zëri i Drinit"', Keyword("source", "zeri i drinit"), id="source-with-spaces"),
        pytest.param("severity:>=3", AnnotationGroup(SeverityRange(3, 6)), id="severity-at-least"),
        pytest.param("severity:<3", AnnotationGroup(SeverityRange(0, 2)), id="severity-below"),
        pytest.param("severity:[1 TO 2]", AnnotationGroup(SeverityRange(1, 2)), id="severity-range"),
        pytest.param("severity:4", AnnotationGroup(SeverityRange(4, 4)), id="severity-is"),
        pytest.param("narrative:x", AnnotationGroup(X), id="condition"),
        pytest.param("a narrative:x b", And((Term("a"), AnnotationGroup(X), Term("b"))), id="condition-among-words"),
        pytest.param(
            "stance:endorse a narrative:x", And((AnnotationGroup(And((ENDORSE, X))), Term("a"))), id="bound-across-words"
        ),
        pytest.param("narrative:x NOT stance:endorse", AnnotationGroup(And((X, Not(ENDORSE)))), id="bound-negation"),
        pytest.param("NOT stance:endorse", Not(AnnotationGroup(ENDORSE)), id="free-negation"),
        pytest.param("narrative:x NOT narrative:y", And((AnnotationGroup(X), Not(AnnotationGroup(Y)))), id="other-annotation"),
        pytest.param("narrative:x narrative:y", And((AnnotationGroup(X), AnnotationGroup(Y))), id="two-annotations"),
        pytest.param("narrative:x OR narrative:y", Or((AnnotationGroup(X), AnnotationGroup(Y))), id="or"),
        pytest.param(
            "(narrative:x stance:endorse) (narrative:y stance:counter)",
            And((AnnotationGroup(And((X, ENDORSE))), AnnotationGroup(And((Y, COUNTER))))),
            id="groups",
        ),
    ],
)
def test_reading(text: str, expected: object) -> None:
    assert parse(text).root == expected


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("date:[2026-01-05 TO 2026-02]", "2026-01-05", "2026-02-28"),
        ("date:[* TO 2026]", None, "2026-12-31"),
        ("date:[2024-02 TO *]", "2024-02-01", None),
        ("date:2024-02", "2024-02-01", "2024-02-29"),
        ("date:>=2026-03-01", "2026-03-01", None),
        ("date:<2026-03", None, "2026-02-28"),
        ("date:>2026", "2027-01-01", None),
    ],
)
def test_days(text: str, first: str | None, last: str | None) -> None:
    root = parse(text).root
    assert isinstance(root, DateRange)
    assert [day and day.isoformat() for day in (root.first, root.last)] == [first, last]


@pytest.mark.parametrize(
    ("text", "position", "says"),
    [
        pytest.param('a "b c', 2, "not closed", id="open-quote"),
        pytest.param("a „b c", 2, "not closed", id="open-low-quote"),
        pytest.param("(a", 0, "not closed", id="open-parenthesis"),
        pytest.param("a)", 1, "never opened", id="stray-parenthesis"),
        pytest.param("a ()", 3, "Nothing stands", id="empty-parentheses"),
        pytest.param("AND a", 0, "AND has no term", id="leading-and"),
        pytest.param("a OR", 2, "OR has no term", id="trailing-or"),
        pytest.param("a NOT", 2, "NOT has no term", id="trailing-not"),
        pytest.param("title:", 6, "ends too early", id="field-without-value"),
        pytest.param("naslov:a", 0, "no field 'naslov'", id="unknown-field"),
        pytest.param("narative:a", 0, "Did you mean narrative:?", id="mistyped-field"),
        pytest.param("stance:endorsed", 7, "Did you mean stance:endorse?", id="mistyped-stance"),
        pytest.param("sense:conflict", 6, "Did you mean sense:conflict_zone?", id="mistyped-sense"),
        pytest.param("kind:book", 5, "Known values: article, post, comment", id="unknown-kind"),
        pytest.param("narrative:x narrative:y stance:endorse", 22, "not two", id="two-narratives-one-stance"),
        pytest.param("title:(source:a)", 7, "stands inside", id="field-in-field"),
        pytest.param("severity:9", 9, "no severity", id="severity-too-high"),
        pytest.param("severity:>6", 9, "No severity is within", id="severity-above-all"),
        pytest.param("date:2026-13-40", 5, "no day", id="no-day"),
        pytest.param("date:[2026-02 TO 2026-01]", 5, "ends before", id="days-swapped"),
        pytest.param("date:[2026]", 5, "no range", id="no-range"),
        pytest.param("[a TO b]", 0, "stands alone", id="stray-bracket"),
        pytest.param("~~", 0, "no term behind it", id="pair-of-nothing"),
        pytest.param("a ~~xyzxyz", 2, "no pair in term list 1", id="no-pair"),
        pytest.param("~~povratnicy", 0, "Did you mean ~~povratnici", id="mistyped-pair"),
        pytest.param("~~povrat*", 0, "plain word or phrase", id="pair-of-a-pattern"),
        pytest.param('~~"povratnici"!', 0, "plain word or phrase", id="pair-of-a-spelling"),
        pytest.param("~~povratnici~1", 0, "plain word or phrase", id="pair-of-a-typing-error"),
        pytest.param("source:~~" + '"a"', 7, "takes a plain value", id="pair-in-a-value"),
        pytest.param("*abc OR *bcd OR title:*cde OR *def OR *efg", 38, "5 terms that begin with *", id="many-leading-stars"),
        pytest.param('"*abc *bcd" ' * 5, 48, "5 terms that begin with *", id="many-leading-stars-in-phrases"),
        pytest.param(" ".join("~~skola" for _ in range(40)), 256, "terms", id="pairs-count"),
        pytest.param("a~1", 0, "typing errors", id="fuzzy-too-short"),
        pytest.param("covek~3", 5, "no spelling distance", id="fuzzy-too-far"),
        pytest.param("*", 0, "too few letters", id="star-alone"),
        pytest.param("*ab", 0, "too few letters", id="leading-star-too-short"),
        pytest.param('"a b*"', 0, "too few letters", id="star-in-phrase-too-short"),
        pytest.param('"abc*"!', 0, "takes no *", id="exact-star"),
        pytest.param("abc" + "*d" * 900, 0, "too long a pattern", id="many-stars"),
        pytest.param("čđšž*" * 60, 0, "too long a pattern", id="long-pattern"),
        pytest.param("&&", 0, "no letters or digits", id="punctuation"),
        pytest.param('"a b"~99', 0, "too large", id="slop-too-large"),
        pytest.param("a " * 65, 128, "65 terms", id="too-many-clauses"),
        pytest.param("(" * 200 + "a" + ")" * 200, 10, "nested too deep", id="too-deep"),
        pytest.param("a" * 10_000, 2000, "10,000 characters", id="too-long"),
    ],
)
def test_a_wrong_query_says_where_and_what_instead(text: str, position: int, says: str) -> None:
    with pytest.raises(QueryError) as caught:
        parse(text)
    line = str(caught.value)
    assert says in line
    assert "\n" not in line
    assert caught.value.position == position
    assert caught.value.hint


@pytest.mark.parametrize(
    "text",
    [
        "a\x00b",
        "\x00",
        "*a*b*c*d*e*f*" * 30,
        "(a+)+$",
        "abc*" * 200,
        "‮שלום עולם‬",
        "مرحبا",
        "a\nb",
        "- -",
        '"" a',
        "\ud800",
        "🙂",
        "~1",
    ],
    ids=[
        "nul",
        "nul-alone",
        "many-stars",
        "regex",
        "stars",
        "rtl",
        "arabic",
        "newline",
        "dashes",
        "empty-quotes",
        "surrogate",
        "emoji",
        "tilde",
    ],
)
def test_odd_input_is_read_or_refused_in_one_line(text: str) -> None:
    try:
        parse(text)
    except QueryError as error:
        assert "\n" not in str(error)
        assert error.hint


_WORDS = (
    "a povratnik човек* *tnik đak~1 title: narrative: narrative:x narrative:y stance:endorse stance:counter speaker:politician "
    'target:serbs severity:>=3 reviewed:two source:vala lang:sr date:2026-03 AND OR NOT - ( ) [ " « ~~ *'
)
PIECES = st.sampled_from(
    [
        *_WORDS.split(),
        '"a b"',
        "„a b“~3",
        '"č"!',
        "severity:[1 TO 3]",
        "date:[* TO 2026]",
        "~~škola",
        '~~"škola"',
        'title:~~"strani borci"',
    ]
)


@given(st.one_of(st.lists(PIECES, max_size=14).map(" ".join), st.lists(PIECES, max_size=8).map("".join), st.text(max_size=60)))
@settings(max_examples=600, deadline=None)
def test_reading_raises_nothing_but_query_error_and_writing_keeps_the_meaning(text: str) -> None:
    try:
        query = parse(text)
    except QueryError as error:
        assert "\n" not in str(error)
        assert error.position is not None
        assert error.hint
        return
    again = parse(format_query(query.root))
    assert again.root == query.root
    assert isinstance(again, Query)


@pytest.fixture(scope="module")
def vocabulary() -> Vocabulary:
    return Vocabulary.from_codebook(Codebook.load())


def test_narratives_are_checked_against_the_codebook(vocabulary: Vocabulary) -> None:
    parse("narrative:returnee_security_threat stance:endorse target:returnee_women narrative:returnee_*", vocabulary)
    with pytest.raises(QueryError, match="Did you mean narrative:returnee_security_threat") as caught:
        parse("a narrative:returnee_security_treat", vocabulary)
    assert caught.value.position == 12
    with pytest.raises(QueryError, match="no narrative 'xyz\\*'"):
        parse("narrative:xyz*", vocabulary)


def test_every_stance_is_known() -> None:
    for stance in Stance:
        parse(f"stance:{stance.value}")
