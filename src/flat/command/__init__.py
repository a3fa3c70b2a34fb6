"""The ``flat`` command: one word a task. A module reads its words and hands over; nothing heavy is imported first."""
