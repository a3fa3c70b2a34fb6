"""The ``flat`` command: one word a task. Each module reads its words and hands over; what is heavy comes later."""
