# What the rules of exports.smk ask for: inputs and parameters, as functions of the study.

from flat.study.datasets import SPLITS

EXPORTED_SUMMARIES = [PATHS.data(d, "summary.json") for d in STUDY.datasets]
