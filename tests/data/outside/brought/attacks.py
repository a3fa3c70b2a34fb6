"""An attack: words of the text change places."""

from flat.plugins import Attack, Found, Options


class Tries(Options):
    tries: int = 6


class Swap:
    def __init__(self, tries: int):
        self.tries = tries

    def attack(self, victim, example, rng):
        best = example.words
        for _ in range(self.tries):
            words = list(example.words)
            words[int(rng.integers(len(words)))] = words[int(rng.integers(len(words)))]
            answer = victim.logits([words])[0]
            if int(answer.argmax()) != example.label:
                return Found(tuple(words), succeeded=True)
            best = tuple(words)
        return Found(best, succeeded=False)


SWAP = Attack(name="swap", title="Swap", options=Tries, make=Swap, own=True)
