"""The study that ``flat new`` writes, as a commented YAML file."""

import json
from collections.abc import Mapping
from pathlib import Path

import yaml

from flat.command.new import parts
from flat.command.new.sizes import Sizes
from flat.data.survey import Survey

STUDY = """\
# Written by `flat new` from {files}. Change what you like; docs/study-file.md says what every key means.
# {what}
name: {name}
title: {title}
seed: 2022
seeds: [0]  # [0, 1, 2] trains every model three times, and gives intervals over seeds
device: cpu

datasets:
  {name}:
    title: {title}
    source:  # paths count from the folder that the study is run in
      kind: files
{source}
    classes: {classes}
    splits: {splits}
    cleaning: {cleaning}
    vocabulary: {{min_count: {min_count}}}
    max_length: {words}  # {lengths}
    duplicates: drop  # a text that one split holds twice is read once
{more}    attacked_train: {attacked_train}  # texts attacked in the round of adversarial training
    attacked_test: {attacked_test}  # texts that after-attack accuracy rests on, and that are explained

models:
{models}
# base: the original texts. adv: adversarial texts too. FLAT: with word masks that learn what a word matters
strategies:
  base: {{title: base, adversarial: false}}
  adv: {{title: adv}}
  FLAT: {{title: FLAT, mask: variational, beta: 0.1, gamma: 0.1}}
rounds: {{count: 1, epochs: {epochs}}}

attacks:  # stand-ins that packages ship (docs/resources.md)
{attacks}
interpretation:
  ig: {{steps: 10, tolerance: 0.5}}
  lime: {{samples: 100}}

artefacts:  # further tables and figures: docs/study-file.md, What is run and shown
  main: {{datasets: [{name}], models: [{model_names}], strategies: [base, adv, FLAT], train_attacks: [{attack_names}]}}
  saliency: {{dataset: {name}, model: {model}, attack: {attack}, examples: 3}}  # Figure 3
"""


def study_text(
    name: str,
    files: Mapping[str, Path],
    found: Survey,
    sizes: Sizes,
    models: list[str],
    attacks: list[str],
    max_overlap: float | None = None,
) -> str:
    """The study file. Its values are quoted where YAML would read them otherwise."""
    train = sizes.splits["train"] or sum(found.kept.values()) - (sizes.splits["dev"] or 0) - (sizes.splits["test"] or 0)
    rows = ", ".join(f"{count:,} rows of {split}" for split, count in found.rows.items())
    rows = f"{found.rows['train']:,} rows" if len(found.rows) == 1 else rows
    more = "    empty: drop  # rows without a text are left out, and counted\n" if found.empty else ""
    if max_overlap is not None:
        more += f"    max_overlap: {max_overlap}  # so many dev or test texts stand in train but for punctuation\n"
    epochs = max(parts.epochs(parts.kind_of(one), train, 32) for one in models)
    return STUDY.format(
        files=", ".join(str(path) for path in files.values()),
        what=f"{rows}, {len(found.classes)} classes; half of the texts have up to {found.length(0.5)} words.",
        name=name,
        title=plain(Path(files["train"]).name.split(".")[0]),
        source="\n".join(f"      {line}" for line in _source(files, found)),
        classes=flow(list(found.classes)),
        splits=_splits(sizes),
        cleaning=flow({"style": found.style} | ({"max_words": sizes.words} if sizes.cut else {})),
        min_count=1 if found.rows["train"] > 2000 else 0,
        words=sizes.words,
        lengths=_lengths(found, sizes),
        more=more,
        attacked_train=sizes.attacked_train,
        attacked_test=sizes.attacked_test,
        models="".join(parts.model(one, train) for one in models),
        epochs=max(2, epochs // 2),
        attacks="".join(parts.ATTACKS[one] for one in attacks),
        model_names=", ".join(parts.name_of(one) for one in models),
        attack_names=", ".join(attacks),
        model=parts.name_of(models[0]),
        attack=attacks[0],
    )


def _source(files: Mapping[str, Path], found: Survey) -> list[str]:
    lines = [f"{split}: {plain(where(path))}" for split, path in files.items()]
    text = plain(found.text[0]) if len(found.text) == 1 else flow(found.text)
    names = ", ".join(f'"{number}": {plain(name)}' for number, name in found.labels.items())
    named = [f"labels: {{{names}}}  # as the file numbers them"] if names else []
    return [*lines, f"text: {text}", f"label: {plain(found.label)}", *named]


def where(path: Path) -> str:
    """A file as the study names it: from the working folder where it lies below that, else in full."""
    path, here = Path(path).absolute(), Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)


def _splits(sizes: Sizes) -> str:
    given = {name: sizes.splits[name] for name in ("train", "dev", "test") if sizes.splits[name] is not None}
    rest = "" if "train" in given else "  # train: the rest" if given else "  # as the files have them"
    return flow(given) + rest


def _lengths(found: Survey, sizes: Sizes) -> str:
    if sizes.cut:
        longer = sum(length > sizes.words for length in found.lengths) / len(found.lengths)
        return f"words read of a text: {longer:.1%} are longer; more words take more time (max_words above too)"
    return f"the longest text has {found.lengths[-1]} words"


def plain(value: str) -> str:
    """A string as a YAML scalar: bare where it is read as itself."""
    if value and not any(sign in value for sign in ",[]{}#:&*!|>'\"%@`\\") and value == value.strip():
        try:
            if yaml.safe_load(value) == value:
                return value
        except yaml.YAMLError:
            pass
    return json.dumps(value, ensure_ascii=False)


def flow(value: object) -> str:
    """A list or mapping of strings and numbers on one line."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {flow(one)}" for key, one in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(flow, value)) + "]"
    return plain(value) if isinstance(value, str) else json.dumps(value)
