"""The tagger's heads over a Hugging Face encoder (PyTorch and transformers; needs the `train` extra)."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from models.encoder.words import Words, split_words
from models.tagger.examples import MOST_WORDS, Example, Labels, loosened
from models.tagger.network import Loose, Reading, TaggerHeads, TaggerOutput
from models.transformer.pieces import OWN, Cut, PieceCutter
from models.transformer.spelling import respelled


class TransformerTagger(TaggerHeads):
    """The heads over words' vectors, each taken from the last layer at the word's first piece."""

    def __init__(self, encoder: Any, cutter: PieceCutter, labels: Labels, titles: Mapping[str, str], *, types: bool) -> None:
        super().__init__(int(encoder.config.hidden_size), labels)
        self.encoder: Any = encoder
        self.types = types
        self._cutter, self._titles = cutter, titles

    @property
    def table(self) -> nn.Embedding:
        """The encoder's vectors of pieces."""
        table: nn.Embedding = self.encoder.get_input_embeddings()
        return table

    def read(self, examples: Sequence[Example], loose: Loose | None = None) -> Reading:
        """Put examples into a batch of `forward`'s five inputs, spelled as published or, with `loose`, as others type."""
        cuts = [self._cut(one, loose) for one in examples]
        arrays = self._cutter.batch(cuts)
        tensors = tuple(torch.from_numpy(arrays[name]) for name in ("ids", "mask", "types", "firsts", "parts"))
        return Reading(tensors, [(0, len(cut.words.forms)) for cut in cuts])

    def _cut(self, one: Example, loose: Loose | None) -> Cut:
        text, words = _as_published(one)
        context = self._titles.get(one.text) or " ".join(one.context)
        if loose is not None:
            if context and loose.draw.random() < loose.without_context:
                context = ""
            text, words = _retyped(text, words, one.lang, loose.draw, loose.mistyped)
        return self._cutter.cut(text, context, words)

    def forward(self, ids: Tensor, mask: Tensor, types: Tensor, firsts: Tensor, parts: Tensor) -> TaggerOutput:
        """Tag texts in pieces; see `PieceCutter.batch` for the arrays."""
        return self.tag(self.table(ids), mask, firsts, parts, types)

    def tag(self, vectors: Tensor, mask: Tensor, firsts: Tensor, parts: Tensor, types: Tensor | None = None) -> TaggerOutput:
        """Tag texts whose pieces' vectors `[texts, pieces, embedding]` are known already."""
        more = {"token_type_ids": types} if self.types else {}
        hidden = self.encoder(inputs_embeds=vectors, attention_mask=mask, **more).last_hidden_state
        words = hidden.gather(1, firsts.unsqueeze(-1).expand(-1, -1, hidden.shape[-1]))
        return self.judge(words, parts == OWN, parts > 0)


def _as_published(one: Example) -> tuple[str, Words]:
    """Return an example's text and words; its folded words where there is no text that they were cut from."""
    words = split_words(one.text, most=MOST_WORDS)
    if words.forms == one.words:
        return one.text, words
    return _joined(one.words)


def _retyped(text: str, words: Words, lang: str, draw: random.Random, mistyped: float) -> tuple[str, Words]:
    """Spell a passage as others do, word by word, so that its evidence stays where it is."""
    spell = respelled(lang, draw)
    parts, spans, at, length = [], [], 0, 0
    for start, end in words.spans:
        gap, word = text[at:start], spell(text[start:end])
        if draw.random() < mistyped:
            word = loosened(word, draw)
        parts += [gap, word]
        spans.append((length + len(gap), length + len(gap) + len(word)))
        at, length = end, length + len(gap) + len(word)
    return "".join(parts), Words(words.forms, tuple(spans))


def _joined(forms: Sequence[str]) -> tuple[str, Words]:
    spans, at = [], 0
    for form in forms:
        spans.append((at, at + len(form)))
        at += len(form) + 1
    return " ".join(forms), Words(tuple(forms), tuple(spans))
