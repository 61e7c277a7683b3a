"""Text in, numbers out: classifiers, their training, registry and cards."""
