"""The narrative tagger: one encoder with heads for narratives, evidence, stance, sense, targets and severity."""
