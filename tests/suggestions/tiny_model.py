"""A model2vec model of six words and four dimensions."""

from pathlib import Path

import numpy as np
from model2vec import StaticModel
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.normalizers import Lowercase
from tokenizers.pre_tokenizers import Whitespace

WORDS = {
    "[UNK]": [0, 0, 0, 0],
    "rain": [1, 0, 0, 0],
    "storm": [0.8, 0.2, 0, 0],
    "sea": [0.6, 0.4, 0, 0],
    "python": [0, 0, 1, 0.1],
    "code": [0, 0, 0.9, 0.2],
}


def make_model(folder: Path) -> Path:
    """Write the model."""
    tokenizer = Tokenizer(WordLevel({word: number for number, word in enumerate(WORDS)}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = Whitespace()
    tokenizer.normalizer = Lowercase()
    model = StaticModel(np.array(list(WORDS.values()), dtype=np.float32), tokenizer)
    model.save_pretrained(folder)
    return folder
