"""The store, the query language and the search engines behind one Index protocol."""
