"""The corpora that a study can name: real texts that packages ship. ``flat.data.package_sources`` reads each."""

# corpus -> the resources of config/resources.yaml that hold it
CORPORA: dict[str, tuple[str, ...]] = {
    "rotten-tomatoes": ("movie-reviews", "movie-snippets"),
    "imdb-reviews": ("movie-reviews",),
    "bbc-news": ("bbc-news",),
    "trec-questions": ("question-labels",),
}
