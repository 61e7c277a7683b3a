"""Files that a person or a research programme supplied: a platform's export to posts, row by row."""
