"""``flat new``: a study of files of one's own, written from what they hold."""
