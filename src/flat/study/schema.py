"""A study: one YAML file that says which data, models, strategies and attacks are run, and which artefacts are drawn.

The pydantic models below, and those that they hold, are the one source of what a study may say. The JSON schema in
``config/schema`` is generated from them. Every unknown key, wrong type or impossible combination is refused before a
single job is planned.
"""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from flat.plugins.registry import ATTACKS, METRICS, MODELS, OBJECTIVES
from flat.plugins.values import (
    LearningRate,
    Positive,
    Seed,
    Seeds,
    Size,
    Strict,
    Weight,
    above_0,
    from_0,
    upto,
)
from flat.study.artefacts import Artefacts, FigureStyle, OwnClaim
from flat.study.datasets import Dataset, Override
from flat.study.fields import OWN_OBJECTIVE, Name
from flat.study.guards import Guards, Tune, Tuned, Validity, selected_on_dev
from flat.study.known.plugins import Interpretation, known


class Switches(Strict):
    """Each switch null: as the level above says (strategy, then the study's method, then its reading)."""

    keep: Literal["successful", "all", "everything"] | None = Field(
        None,
        description="adversarial texts D' holds: successful ones; all with a changed word; everything, skipped "
        "examples (unchanged) too",
    )
    detach_importance: bool | None = Field(None, description="the importance gap is logged but carries no gradient")
    double_softmax: bool | None = Field(None, description="cross entropy on top of probabilities")
    attack_in_train_mode: bool | None = Field(
        None, description="train texts are attacked with dropout and sampled masks on"
    )
    importance_over: Literal["changed", "all"] | None = Field(
        None, description="word positions of the importance gap: replaced ones, or all with embedding dropout on"
    )
    entropy_over: Literal["words", "positions"] | None = Field(
        None, description="mean of the mask entropy over words, or over all positions, padding included"
    )
    pairs_weight: Literal["union", "expectation"] | None = Field(
        None,
        description="what the adversarial texts of a batch weigh: each as much as one original, or together as much as "
        "all originals",
    )
    position_dependent_masks: bool | None = Field(
        None, description="encoders: phi is read behind position embeddings and layer norm"
    )
    mask_special_tokens: bool | None = Field(None, description="encoders: CLS and SEP are masked as words are")
    mask_attention: bool | None = Field(
        None, description="encoders: in training the sampled mask multiplies the attention mask too"
    )
    freeze_embeddings: bool | None = Field(
        None, description="encoders with a variational mask: the embedding block is not trained"
    )


class Method(Strict):
    """Which reading of the paper a study takes, and the switches it sets otherwise."""

    reading: Literal["paper", "authors"] = "paper"
    switches: Switches = Switches()


class Training(Strict):
    """Options of the optimiser; flat.training.trainer.Options documents each."""

    epochs: upto(100_000) = 10
    batch_size: upto(1_000_000) = 64
    learning_rate: LearningRate = 0.01
    optimizer: Literal["adam", "adamw"] = "adam"
    weight_decay: from_0(100) = 0.0
    schedule: Literal["none", "linear"] = "none"
    clip_norm: above_0(1_000_000) | None = None
    texts_per_epoch: Positive | None = Field(
        None, description="originals an epoch takes: a fresh draw, with those of the adversarial texts; null: all"
    )
    accumulate: upto(1_000_000) = Field(
        1, description="batches whose gradients are added up before a step, for small GPUs"
    )
    patience: Positive | None = None
    select: Annotated[Literal["dev", "last"], BeforeValidator(selected_on_dev)] = "dev"
    precision: Literal["fp32", "bf16"] = "fp32"


class Model(Strict):
    title: str
    stand_in: str | None = None
    kind: Annotated[str, AfterValidator(known(MODELS))]
    vectors: str | None = Field(None, description="resource that holds the pretrained word vectors")
    vectors_size: above_0(1_000) | Literal["as_is"] = Field(
        "as_is",
        description="root mean square entry that the vectors are scaled to; word2vec's have about 0.15, which the "
        "printed learning rates suit",
    )
    checkpoint: str | None = Field(
        None, description="resource, or folder (with a / in its name), of a pretrained encoder"
    )
    options: dict[str, int | float | bool | str | list[int]] = Field(
        {}, description="those of the model's kind (flat.plugins.own.models)"
    )
    mask_hidden: Size = 400
    device: Literal["cpu", "cuda", "auto"] | None = Field(None, description="null: the study's device")
    training: Training = Training()

    @model_validator(mode="after")
    def _built_from_something(self):
        if self.is_black_box:
            unused = ("vectors", "vectors_size", "checkpoint", "mask_hidden", "training")
            given = [name for name in unused if getattr(self, name) != type(self).model_fields[name].default]
            if given:
                raise ValueError(f"{', '.join(given)}: a black box ({self.kind}) is not built or trained: leave it out")
            return self
        if self.is_encoder and not self.checkpoint:
            raise ValueError("checkpoint: an encoder needs the checkpoint it starts from")
        if self.looks_up and not self.vectors:
            raise ValueError("vectors: CNN and LSTM need pretrained word vectors, name the resource that holds them")
        return self

    @property
    def is_encoder(self) -> bool:
        """Whether it starts from a pretrained encoder and reads word pieces."""
        return MODELS[self.kind].built_from == "encoder"

    @property
    def is_black_box(self) -> bool:
        """Whether it is asked with strings: it is neither trained nor explained by gradients."""
        return MODELS[self.kind].built_from == "texts"

    @property
    def looks_up(self) -> bool:
        """Whether it looks words up in a vocabulary."""
        return MODELS[self.kind].built_from == "vectors"


class Strategy(Strict):
    """How a model is trained. adv and FLAT are the same rounds with other masks and weights (Eq. 3 and 5)."""

    title: str
    adversarial: bool = Field(True, description="trained on adversarial texts; false: on the originals alone")
    mask: Literal["none", "variational", "group"] = "none"
    groups: Size | None = Field(None, description="number of word groups of a group mask (Table 10)")
    beta: Weight = 0.0
    gamma: Weight = 0.0
    start: Literal["base", "own"] = Field(
        "base", description="round 0: the base model, or a model with this strategy's mask trained on clean data"
    )
    switches: Switches = Field(
        Switches(), description="readings of the method that this strategy takes (docs/method.md)"
    )
    # left out of a study's plain data where a strategy does not set them: its digest stays what it was
    objective: Annotated[str, AfterValidator(known(OBJECTIVES))] = Field(
        OWN_OBJECTIVE,
        description="the loss: FLAT's own (adv's too), or another objective (docs/add-an-objective.md)",
        exclude_if=lambda name: name == OWN_OBJECTIVE,
    )
    options: dict[str, int | float | bool | str | None] = Field(
        {}, description="those of the objective (flat.plugins.own.objectives)", exclude_if=lambda options: not options
    )
    resources: dict[str, str] = Field(
        {},
        description="role -> resource, for an objective that needs some; left out: of the first attack that names one",
        exclude_if=lambda resources: not resources,
    )

    @model_validator(mode="after")
    def _fitting_weights(self):
        if self.mask != "variational" and (self.beta or self.gamma):
            raise ValueError("beta, gamma: only variational masks have an entropy and an importance to weigh")
        if (self.mask == "group") != (self.groups is not None):
            raise ValueError("groups: give the number of groups with mask: group, and only there")
        return self


class Rounds(Strict):
    count: upto(1_000) = 3
    epochs: upto(100_000) = 10
    texts_per_epoch: Positive | None = Field(None, description="as in training, for rounds; null: as in training")
    attacked: Positive | None = Field(
        None, description="train examples attacked in a round; null: the data set's attacked_train"
    )
    optimizer: Literal["fresh", "kept"] = Field(
        "fresh", description="whether a round's optimiser starts anew, or goes on with the moments of the round before"
    )
    accumulate: bool = Field(False, description="D' of a round adds to the earlier ones instead of replacing them")


class Attack(Strict):
    title: str
    recipe: Annotated[str, AfterValidator(known(ATTACKS))]
    resources: dict[str, str] = Field({}, description="role -> resource, for example synonyms: counter-fitted")
    stand_ins: list[str] = []
    parameters: dict[str, int | float | bool | str] = Field(
        {}, description="those of the recipe (flat.plugins.own.attacks); left out: as TextAttack has them"
    )
    query_budget: Positive | None = Field(None, description="model queries per example; null: no limit")
    time_limit: above_0(10_000_000) | None = Field(
        None, description="seconds per example; null: no limit. A limit makes results depend on the machine"
    )
    examples: Positive | None = Field(
        None, description="test examples attacked: a fixed sub-draw of the data set's attacked_test; null: all of them"
    )
    search: Literal["exact", "lazy", "textattack"] | None = Field(
        None,
        description="TextFooler and PWWS: exact as TextAttack, lazy (same texts, fewer sentences encoded, other query "
        "counts), or TextAttack's own; null: lazy on train texts, exact on test texts. Others: TextAttack's own",
    )
    screening: Literal["auto", "off"] = Field(
        "auto",
        description="encoders under TextFooler and PWWS: edits are scored in low precision first where that is faster "
        "on the device, and in fp32 where a decision hangs on it; same texts, statuses and query counts",
    )
    shards: upto(1_000) = Field(
        1,
        description="jobs that an attack is cut into where several machines work; on one machine processes of one job",
    )
    workers: upto(1_000) = Field(1, description="processes of one attack job, or of each shard")


class MaskedTraining(Strict):
    """How a masked language model is trained further on a data set's texts (NAME@train)."""

    steps: Positive = 400
    batch_size: upto(1_000_000) = 32
    learning_rate: LearningRate = 1e-3
    max_pieces: Size = Field(64, description="pieces read of a text")


class Study(Strict):
    name: Name
    title: str
    seed: Seed = 2022
    seeds: Seeds = [0]
    device: Literal["cpu", "cuda", "auto"] = "cpu"
    method: Method = Method()
    torch_threads: upto(1_024) = Field(1, description="threads of one job's tensor work on the CPU")
    sharding: Literal["auto", "always", "never"] = Field(
        "auto",
        exclude=True,  # who computes is not what is computed: neither digest nor plain data of a study have it
        description="whether attacks run as their shards; auto: where a cluster takes the jobs",
    )
    plugins: Annotated[list[str], Field(max_length=100)] = Field(
        [], description="modules with models, attacks ... of your own: paths of Python files, or importable names"
    )
    results: str = "results"
    mirror: str | None = Field(None, description="folder or address that holds copies of the resources")
    datasets: Annotated[dict[Name, Dataset], Field(min_length=1)]
    models: Annotated[dict[Name, Model], Field(min_length=1)]
    strategies: Annotated[dict[Name, Strategy], Field(min_length=1)]
    attacks: Annotated[dict[Name, Attack], Field(min_length=1)]
    rounds: Rounds = Rounds()
    masked_training: MaskedTraining = MaskedTraining()
    interpretation: Interpretation = Interpretation()
    metrics: dict[Annotated[str, AfterValidator(known(METRICS))], dict[str, Any]] = Field(
        {},
        max_length=100,
        exclude_if=lambda named: not named,  # as if there were no such key: digests of older studies hold
        description="measures of explanations beside KT and TI@k, each with its options (docs/interpretation.md)",
    )
    claims: Annotated[list[OwnClaim], Field(max_length=1_000)] | None = Field(
        None,
        exclude_if=lambda claims: claims is None,
        description="claims of the study's own cells; null: FLAT against adv and adv against base, in AA, KT and "
        "TI@5, on data sets that are none of the paper's",
    )
    printed: bool = Field(
        True,
        exclude_if=lambda printed: printed,
        description="whether tables show the paper's printed values, where the study names a data set of the paper",
    )
    figures: FigureStyle = Field(
        FigureStyle(),
        exclude_if=lambda style: style == FigureStyle(),
        description="width and letters of every figure (docs/figures.md)",
    )
    guards: Guards = Guards()
    validity: Validity = Validity()
    tune: Tune | None = Field(None, description="what `snakemake tune` searches, on dev")
    tuned: list[Tuned] | None = Field(None, description="written by `snakemake tune` beside the values it chose")
    overrides: list[Override] = []
    artefacts: Artefacts
