"""What is searched: token table, lexicon, graph."""
