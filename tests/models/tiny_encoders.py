"""Real Hugging Face encoders, tiny and untrained, made on the spot: an XLM-R with a Unigram tokenizer and a BERT with WordPiece."""

from __future__ import annotations

from pathlib import Path

import torch
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import BertConfig, BertModel, PreTrainedTokenizerFast, XLMRobertaConfig, XLMRobertaModel

SENTENCES = (
    "Të kthyerit nga Siria janë bombë me sahat për vendin, shkroi dje një portal.",
    "Fëmijët e kthyer nga kampet duhet të shkojnë në shkollë dhe të jetojnë si të gjithë.",
    "Policia e Kosovës tha se përplasja u shmang në veri.",
    "Povratnici iz Sirije zaslužuju drugu šansu, rekla je psihološkinja u Novom Pazaru.",
    "Neka ostanu tamo gde su ratovali, ovde im nije mesto, čuvajte decu.",
    "Opština je usvojila budžet za škole i puteve.",
    "Повратници из Сирије су темпирана бомба, чувајте децу.",
    "Општинско веће усвојило је буџет за следећу годину.",
    "Нека остану тамо где су ратовали, овде им није место.",
)
_SIZES = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 64}


def make_xlmr(folder: Path) -> Path:
    """Write config.json, model.safetensors and tokenizer.json of an XLM-R."""
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.normalizer = normalizers.NFKC()
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    tokenizer.train_from_iterator(
        SENTENCES * 4, trainers.UnigramTrainer(vocab_size=260, special_tokens=special, unk_token="<unk>", show_progress=False)
    )
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", pair="<s> $A </s> </s> $B </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, bos_token="<s>", eos_token="</s>", cls_token="<s>", sep_token="</s>", pad_token="<pad>",
        unk_token="<unk>", mask_token="<mask>",
    )  # fmt: skip
    torch.manual_seed(5)
    config = XLMRobertaConfig(vocab_size=len(fast), max_position_embeddings=130, type_vocab_size=1, pad_token_id=1, **_SIZES)
    XLMRobertaModel(config).save_pretrained(folder)
    fast.save_pretrained(folder)
    return folder


def make_bert(folder: Path) -> Path:
    """Write config.json, model.safetensors and tokenizer.json of a BERT that keeps case and diacritics."""
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=False, strip_accents=False)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    tokenizer.train_from_iterator(
        SENTENCES * 4, trainers.WordPieceTrainer(vocab_size=300, special_tokens=special, show_progress=False)
    )
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        cls_token="[CLS]",
        sep_token="[SEP]",
        pad_token="[PAD]",
        unk_token="[UNK]",
        mask_token="[MASK]",
    )
    torch.manual_seed(6)
    BertModel(BertConfig(vocab_size=len(fast), max_position_embeddings=128, **_SIZES)).save_pretrained(folder)
    fast.save_pretrained(folder)
    return folder
