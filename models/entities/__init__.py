"""Recognises names of persons, places and organisations: a small spaCy pipeline that reads folded text of both languages."""
