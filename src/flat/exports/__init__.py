"""What a study has made, in formats that others read: evaluation records, model cards, data set metadata."""
