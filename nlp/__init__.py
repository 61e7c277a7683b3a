"""Steps that turn a Document into an AnnotatedDocument."""
