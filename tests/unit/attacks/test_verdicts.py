"""Verdicts answered together decide as TextAttack's own do, however far within their error the editor's answers lie."""

import zlib

import numpy as np
import pytest
import torch
from attack_toys import spec, toy_resources
from model_toys import WORDS, make

from flat.attacks.textattack_adapter import build as recipes
from flat.attacks.textattack_adapter.environment import textattack
from flat.attacks.textattack_adapter.limits import LimitedAttack
from flat.attacks.textattack_adapter.verdicts import BatchVerdicts, GreedyVerdicts, serves
from flat.attacks.victim import Victim

RANDOM = np.random.default_rng(5)
Status = textattack.goal_function_results.GoalFunctionResultStatus


class Astray:
    """An editor whose answers lie anywhere within an error; the victim's own hang on who shares a batch."""

    error = 0.05
    asked = 0

    def __init__(self, model):
        self.model = model

    def together(self, texts):
        self.asked += len(texts)
        plain = self.model.logits(texts)
        # the error of a score is that of a difference of logits
        return (plain + RANDOM.choice([-0.4, 0.0, 0.4], size=plain.shape) * self.error).astype(np.float32)


class Exact(Astray):
    error = 1e-9

    def together(self, texts):
        return self.model.logits(texts)


def built(model, editor=Astray) -> tuple:
    """A goal function and the victim that it asks; which batches it has put through the model."""
    victim, batches = Victim(model), []
    victim.__dict__["editor"] = editor(model)
    own = victim.whole

    def whole(texts):
        batches.append(list(texts))
        shift = 1e-7 * (zlib.crc32(" ".join(texts).encode()) % 100)  # a batch has last bits of its own
        return own(texts) + np.array([shift, 0, 0], dtype=np.float32)

    victim.whole = whole
    return textattack.goal_functions.UntargetedClassification(victim, use_cache=True), victim, batches


def model_of():
    """A CNN before its training, of three classes."""
    return make("cnn", seed=int(RANDOM.integers(1000))).eval()


def searched(verdicts, goal, steps, label: int) -> list[tuple]:
    """What BeamSearch reads of each step: the best text, whether it fools the model, the text to go on from."""
    goal.clear_cache()
    verdicts.clear()
    goal.model.start_example()
    goal.get_results = verdicts.general  # as before ``install``
    goal.init_attack_example(textattack.shared.AttackedText(steps[0][0]), label)
    read = []
    for texts in steps:
        results, over = verdicts.get_results([textattack.shared.AttackedText(text) for text in texts])
        scores = np.array([result.score for result in results])
        best = results[scores.argmax()]
        fooled = best.goal_status == Status.SUCCEEDED
        on = None if fooled else texts[(-scores).argsort()[0]]
        read.append((best.attacked_text.text, fooled, on, best.num_queries, over, goal.model.forwards))
    return read


def steps_of(words: int) -> list[list[str]]:
    """Candidates of some steps: edits of a text, unknown words among them, some asked about again."""
    base, steps = [WORDS[n] for n in RANDOM.integers(1, 9, size=6)], []
    for _ in range(3):
        texts = []
        for _ in range(int(RANDOM.integers(1, 90))):
            position = int(RANDOM.integers(len(base)))
            word = WORDS[RANDOM.integers(1, words)] if RANDOM.random() < 0.8 else f"unseen{RANDOM.integers(3)}"
            texts.append(" ".join([*base[:position], word, *base[position + int(RANDOM.integers(3)) :]]))
        steps.append(texts + [text for old in steps for text in old[:5]])
        base = texts[-1].split()
    return steps


def on_the_border(model, texts: list[str], label: int) -> None:
    """Have the label win or lose by hardly anything in the text that is best for an attack."""
    logits = model.logits([text.split() for text in texts])
    best = logits[torch.softmax(torch.from_numpy(logits), 1)[:, label].argmin()]
    gap = best[label] - max(np.delete(best, label))
    with torch.no_grad():
        model.output.bias[label] += float(RANDOM.uniform(-0.02, 0.02) - gap)


@pytest.mark.parametrize("round", range(60))
def test_the_best_text_is_that_of_whole_batches(round):
    model, steps = model_of(), steps_of(int(RANDOM.integers(3, len(WORDS))))
    label = int(model.logits([steps[0][0].split()]).argmax())
    if round % 3 == 1:
        steps[0] = steps[0][: int(RANDOM.integers(1, 3))]
        on_the_border(model, steps[0], label)
    if round % 3 == 2:  # equals by the dozen: substitutes that are all unknown
        steps = [[text.replace(WORDS[3], f"unseen{n}") for n, text in enumerate(texts * 4)] for texts in steps]
    plain, _, asked = built(model)
    quick, _, batches = built(model)
    expected = searched(BatchVerdicts(plain), plain, steps, label)
    found = searched(GreedyVerdicts(quick), quick, steps, label)
    assert found == expected
    # every batch that was asked is one of TextAttack's, so that its last bits are
    assert {tuple(batch) for batch in batches} <= {tuple(batch) for batch in asked}


def test_of_equals_the_search_goes_on_from_the_one_that_its_sort_puts_first():
    """Which one that is hangs on all scores: every batch is asked. If one of them fools the model, nobody goes on."""
    model, base = model_of(), WORDS[1:7]
    texts = [" ".join([*base[:2], word, *base[3:]]) for word in WORDS[3:]] * 4
    label = int(model.logits([base]).argmax())
    own = torch.softmax(torch.from_numpy(model.logits([text.split() for text in texts])), 1)[:, label]
    best = texts[int(own.argmin())].split()
    equals = [" ".join([*best[:n], best[n].upper(), *best[n + 1 :]]) for n in range(6)]  # words are read as w5 and W5
    texts = [f"{text} {n}" for n, text in enumerate(texts)] + [f"{text} ?" for text in equals]
    for shift, fooled in ((2, False), (-4, True)):
        with torch.no_grad():
            model.output.bias[label] += shift
        asked = []
        for verdicts in (BatchVerdicts, GreedyVerdicts):
            goal, _, batches = built(model, Exact)
            asked.append((searched(verdicts(goal), goal, [texts], label)[0][:3], len(batches)))
        assert asked[0][0] == asked[1][0] and asked[0][0][1] == fooled
        assert (asked[1][1] == asked[0][1]) != fooled


def test_what_is_sure_is_not_asked_again():
    model, steps = model_of(), steps_of(len(WORDS))
    label = int(model.logits([steps[0][0].split()]).argmax())
    goal, _, batches = built(model, Exact)
    searched(GreedyVerdicts(goal), goal, steps, label)
    plain, _, asked = built(model)
    searched(BatchVerdicts(plain), plain, steps, label)
    assert len(batches) < len(asked)


def test_a_budget_of_questions_cuts_the_last_step():
    model, steps = model_of(), steps_of(len(WORDS))
    label = int(model.logits([steps[0][0].split()]).argmax())
    for verdicts in (BatchVerdicts, GreedyVerdicts):
        goal, *_ = built(model)
        goal.query_budget = 2 + len(steps[0]) // 2
        read = searched(verdicts(goal), goal, steps[:1], label)
        assert read[0][3:5] == (goal.query_budget, True)


def test_whom_it_serves(tmp_path):
    """CLARE's search on a word model; no population's, no plain editor, nobody who draws answers, no time limit."""
    model, toys = model_of(), toy_resources(tmp_path)

    def verdicts(recipe, own, **options):
        attack = recipes.build(spec(recipe), own, toys)
        LimitedAttack(attack, options.get("seconds"))
        return type(attack.goal_function.get_results.__self__).__name__

    assert verdicts("clare", Victim(model)) == "GreedyVerdicts"
    assert verdicts("clare", Victim(model), seconds=9) == "BatchVerdicts"
    assert verdicts("clare", Victim(model, stochastic=True)) == "BatchVerdicts"
    for recipe in ("pso", "iga"):
        assert verdicts(recipe, Victim(model)) == "BatchVerdicts"
    goal, *_ = built(model, type(Victim(model, stochastic=True).editor))
    assert not serves(textattack.search_methods.GreedySearch(), goal)
    goal, *_ = built(model)
    assert serves(textattack.search_methods.GreedySearch(), goal)
    assert not serves(textattack.search_methods.BeamSearch(beam_width=2), goal)
