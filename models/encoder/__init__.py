"""The text encoder: words as bags of hashed character n-grams under a small transformer, its pretraining and its export."""
