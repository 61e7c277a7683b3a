"""Topics: groups that span languages and come out the same twice, terms in each language, ids that last."""

from __future__ import annotations

import numpy as np
import pytest

from models.topics.grouping import OUTLIER, GroupingOptions, Groups, centred, group
from models.topics.identity import MATCH, PATIENCE, KnownTopic, assign_ids
from models.topics.terms import distinct, rank_terms

_SUBJECTS = {
    "school": ("shkolla nxenesit mesuesi klasa", "skola ucenici nastavnik razred"),
    "budget": ("buxheti taksa euro qeveria", "budzet porez evra vlada"),
    "rain": ("shiu lumi vershimi moti", "kisa reka poplava vreme"),
}
_EACH = 16
_WIDTH = 24


def _corpus(shift: float = 0.6) -> tuple[list[str], np.ndarray, list[str], list[str]]:
    """Documents of three subjects in two languages; a direction of its own sets each language apart, as encoders do."""
    generator = np.random.default_rng(3)
    axes = np.linalg.qr(generator.normal(size=(_WIDTH, _WIDTH)))[0]
    texts, rows, languages, subjects = [], [], [], []
    for number, (subject, words) in enumerate(_SUBJECTS.items()):
        for language, said in zip(("sq", "sr"), words, strict=True):
            for _ in range(_EACH):
                apart = axes[10] if language == "sq" else -axes[10]
                rows.append(axes[number] + shift * apart + generator.normal(scale=0.08, size=_WIDTH))
                texts.append(" ".join(generator.permutation(said.split())))
                languages.append(language)
                subjects.append(subject)
    vectors = np.array(rows, np.float32)
    return texts, vectors / np.linalg.norm(vectors, axis=1, keepdims=True), languages, subjects


@pytest.fixture(scope="module")
def groups() -> Groups:
    texts, vectors, languages, _ = _corpus()
    return group(texts, vectors, languages, GroupingOptions(smallest=8, neighbours=15))


def test_each_subject_is_one_topic_in_both_languages(groups: Groups) -> None:
    subjects = _corpus()[3]
    found = {(subject, topic) for subject, topic in zip(subjects, groups.topics, strict=True) if topic != OUTLIER}
    assert len(found) == len(_SUBJECTS)
    assert groups.topics.count(OUTLIER) <= len(subjects) // 10


def test_the_same_input_gives_the_same_groups(groups: Groups) -> None:
    texts, vectors, languages, _ = _corpus()
    again = group(texts, vectors, languages, GroupingOptions(smallest=8, neighbours=15))
    assert again.topics == groups.topics
    assert np.array_equal(again.centroids, groups.centroids)


def test_centroids_are_of_unit_length_and_members_near_them(groups: Groups) -> None:
    assert np.linalg.norm(groups.centroids, axis=1) == pytest.approx(1, abs=1e-5)
    placed = np.array(groups.topics) != OUTLIER
    assert groups.closeness[placed].min() > 0.5
    assert not groups.closeness[~placed].any()


def test_without_a_language_of_its_own_a_text_is_moved_little() -> None:
    _, vectors, languages, _ = _corpus()
    one = [*languages[:-1], "mk"]
    assert centred(vectors, one)[-1] @ centred(vectors, ["sq"] * len(one))[-1] > 0.9


def test_centring_takes_the_language_off_and_leaves_empty_texts_alone() -> None:
    _, vectors, languages, _ = _corpus()
    vectors[0] = 0
    moved = centred(vectors, languages)
    assert not moved[0].any()
    codes = np.array(languages)

    def gap(rows: np.ndarray) -> float:
        return float(np.linalg.norm(rows[codes == "sq"].mean(0) - rows[codes == "sr"].mean(0)))

    assert gap(moved) < 0.5 * gap(vectors)


def test_terms_are_those_of_the_topic_in_each_language() -> None:
    texts, _, languages, subjects = _corpus()
    numbers = [list(_SUBJECTS).index(subject) for subject in subjects]
    ranked = rank_terms([["common", *text.split()] for text in texts], numbers, languages)
    for number, words in enumerate(_SUBJECTS.values()):
        for language, said in zip(("sq", "sr"), words, strict=True):
            assert {term for term, _ in ranked[number][language][:4]} == set(said.split())


def test_outliers_get_no_terms_and_rare_ones_are_left_out() -> None:
    ranked = rank_terms([["a", "once"], ["a"], ["b"], ["b"]], [0, 0, OUTLIER, OUTLIER], ["sq"] * 4)
    assert {topic: [term for term, _ in row["sq"]] for topic, row in ranked.items()} == {0: ["a"]}


def test_forms_and_parts_of_a_chosen_term_are_passed_over() -> None:
    terms = [("qeveria_kosoves", 0.9), ("qeverise", 0.8), ("kosove", 0.7), ("buxheti", 0.6), ("buxhetit", 0.5), ("taksa", 0.4)]
    assert [term for term, _ in distinct(terms, 2)] == ["qeveria_kosoves", "buxheti"]


def _unit(*rows: list[float]) -> np.ndarray:
    made = np.array(rows, np.float32)
    return made / np.linalg.norm(made, axis=1, keepdims=True)


def test_ids_stay_as_documents_are_added_and_new_topics_take_new_ones() -> None:
    first, known, free = assign_ids([], _unit([1, 0, 0], [0, 1, 0]), 1)
    assert (first, free) == (["t1", "t2"], 3)
    second, known, free = assign_ids(known, _unit([0, 0, 1], [0.1, 1, 0], [1, 0.1, 0]), free)
    assert (second, free) == (["t3", "t2", "t1"], 4)
    assert len(known) == 3


def test_a_topic_between_two_takes_the_id_of_the_nearer() -> None:
    _, known, free = assign_ids([], _unit([1, 0], [1, 0.4]), 1)
    ids, _, _ = assign_ids(known, _unit([1, 0.35], [1, 0.01]), free)
    assert ids == ["t2", "t1"]


def test_below_the_threshold_an_id_is_new() -> None:
    just = float(np.sqrt(1 - (MATCH - 0.01) ** 2))
    known = [KnownTopic("t1", (1.0, 0.0))]
    assert assign_ids(known, np.array([[MATCH - 0.01, just]], np.float32), 2)[0] == ["t2"]


def test_a_retired_id_is_never_used_again() -> None:
    _, known, free = assign_ids([], _unit([1, 0]), 1)
    for run in range(PATIENCE):
        assert ("t1" in {topic.id for topic in known}) is (run <= PATIENCE - 1)
        _, known, free = assign_ids(known, _unit([0, 1]), free)
    assert "t1" not in {topic.id for topic in known}
    ids, _, _ = assign_ids(known, _unit([1, 0]), free)
    assert ids == ["t3"]
