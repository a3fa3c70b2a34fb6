# FLAT: adversarial training for model robustness, looking at both prediction and interpretation.
#
#   snakemake all --cores 8 --resources gpu=1                       the paper's study (config/config.yaml)
#   snakemake all --cores all --configfile config/demo.yaml         the demo: same graph, shipped texts, minutes
#   snakemake tables --cores 1 --configfile config/demo.yaml        or: figures, claims, report, models, attacks ...
#   snakemake verify --cores 1 --configfile config/demo.yaml        is every file still as it was made?
#   snakemake crate --cores 1 --configfile config/demo.yaml         the results as a Workflow Run RO-Crate
#   snakemake model_cards --cores 1 --configfile config/demo.yaml   or: evaluations, croissant: what others read
from os.path import relpath

from snakemake.utils import min_version

min_version("9.27")


# A study is one file: another one replaces the default, it is not merged into it.
if "datasets" not in config:

    configfile: relpath(workflow.current_basedir.join("config/config.yaml").get_path_or_uri(secret_free=True))


report: "workflow/report/workflow.rst"


onstart:
    forget_digests()
    refuse_without_packages()
    refuse_unusable(workflow.dag.needrun_jobs())
    lift_job_rate_limit()
    hangup.stop_running()


include: "rules/common.smk"
include: "rules/resources.smk"
include: "rules/preprocess.smk"
include: "rules/train.smk"
include: "rules/attack.smk"
include: "rules/replay.smk"
include: "rules/interpret.smk"
include: "rules/report.smk"
include: "rules/guards.smk"
include: "rules/tune.smk"
include: "rules/exports.smk"


hasten_plan()


rule all:
    default_target: True
    input:
        TABLES,
        FIGURES,
        CLAIMS,
        PATHS.top("report.html"),
        PATHS.top("explorer.html"),


rule tables:
    input:
        TABLES,


rule claims:
    input:
        CLAIMS,
        TABLES,


rule figures:
    input:
        FIGURES,


rule report:
    input:
        PATHS.top("report.html"),


rule explorer:
    input:
        PATHS.top("explorer.html"),


rule models:
    input:
        [final_model(STUDY, cell) for cell in trained_cells(STUDY)],


rule attacks:
    input:
        [test_ledger(STUDY, attacked) for attacked in ATTACKED],


rule explanations:
    input:
        [PATHS.consistency(*explained) for explained in EXPLAINED],
