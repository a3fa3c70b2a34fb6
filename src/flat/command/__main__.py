"""``python -m flat.command``: the ``flat`` command where its script is not on the path."""

from flat.command.app import main

main()
