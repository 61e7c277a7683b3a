"""Any Hugging Face encoder under the tagger's heads: reading text in pieces, training, export, and use without PyTorch."""
