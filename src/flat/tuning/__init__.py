"""Search of a cell's weights and learning rate on dev (``snakemake tune``)."""
