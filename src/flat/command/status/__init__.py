"""``flat status``: how far a study is, from its records and logs."""
