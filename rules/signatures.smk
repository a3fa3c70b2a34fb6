# Snakemake asks for the signature of each of these functions several times a job, thirty in all: it is taken here, once
for function in list(globals().values()):
    if (
        inspect.isfunction(function)
        and "wildcards" in function.__code__.co_varnames[:1]
    ):
        function.__signature__ = inspect.signature(function)
