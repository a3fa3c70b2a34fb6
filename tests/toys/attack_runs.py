"""Runs of the attack engine on the toy examples, and the bytes of their ledgers."""

from attack_toys import BagOfWords, spec, toy_examples, toy_resources

from flat.attacks.attack import attack_examples
from flat.attacks.ledger import SCHEMA
from flat.files.artefacts import write_table


def run(tmp_path, recipe="textfooler", examples=None, model=None, **options):
    examples = toy_examples() if examples is None else examples
    options = {"seed": 7, "resources": toy_resources(tmp_path), **options}
    return attack_examples(model or BagOfWords().eval(), examples, spec(recipe), **options)


def as_bytes(run_, tmp_path) -> bytes:
    write_table(tmp_path / "ledger.parquet", run_.ledger, SCHEMA)
    return (tmp_path / "ledger.parquet").read_bytes()
