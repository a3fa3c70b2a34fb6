"""What a study will cost: its jobs from the grid, their seconds from rates that finished runs recorded.

Seconds of a job = start + seconds a unit x units. A unit is one text of 20 words attacked once, seen once in training,
or perturbed or stepped once by an explanation; texts of w words count (w / 20) ** e. Training and explaining put each
word through the network once: e = 1. Attacks ask more queries of longer texts and pay more for each: e is the slope
that ``flat.bench.growth`` measures, by recipe and kind of model.

Another network than the recorded one changes the seconds a unit by its extra MFLOPs a word. Their price is what the
recorded encoder pays for its MFLOPs beyond the recorded CNN's. What is not the network (candidates, constraints,
Python) is not scaled. docs/performance.md says how well that does.
"""
