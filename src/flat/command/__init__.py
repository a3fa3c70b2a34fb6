"""The ``flat`` command: one word a task. Modules read its words and hand over; nothing heavy is imported before."""
