"""What a study may name, said once: kinds of model, attack recipes, package-shipped corpora, explanation methods.

The schema, the rules and the cost model read these modules, so that they import nothing heavy. The code of a name is
entered elsewhere under the same name; tests compare them. One module each, because a job reruns when a module that it
imports changes: a new explanation method reruns no attack.
"""
