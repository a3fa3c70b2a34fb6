"""Files as Snakemake hands them to a script."""


class Named(list):
    """As Snakemake hands files to a script: a list whose items may have names."""

    def __init__(self, **items):
        super().__init__(items.values())
        self._items = items

    def get(self, name, default=None):
        return self._items.get(name, default)

    def items(self):
        return self._items.items()
