"""How the shipped synonym table is built: word list, word vectors, WordNet's pairs, counter-fitting, neighbours.

Only the build (``build.build_table``) comes here; attacks read the finished table
through ``flat.attacks.lexicon.synonyms``.
"""
