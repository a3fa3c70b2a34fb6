"""FLAT's own objectives, with what a study may set of each."""

from flat.plugins.kinds import Objective

ADVERSARIAL = ("ce_original", "ce_adversarial")
FLAT = Objective(
    name="flat",
    title="FLAT",
    make="flat.training.objectives.flat:Flat",
    terms=(*ADVERSARIAL, "entropy_original", "entropy_adversarial", "importance_gap"),
    weights=("beta", "gamma"),
    reference="Chen and Ji 2022",
)
