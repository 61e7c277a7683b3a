"""Topics: documents grouped by meaning across both languages, their terms, and ids that last from run to run."""
