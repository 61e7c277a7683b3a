"""A user's own narrative: from a definition and some dozen labelled passages to a tagger with an honest error."""
