"""The ``flat`` command: one word a task. Each module reads its words and hands over; nothing heavy is imported first."""
