# What the rules of resources.smk ask for: inputs and parameters, as functions of the study and of wildcards.


def marker_pattern():
    """The record that a fetched resource has, its name as a wildcard."""
    return marker_of_folder("{resource}")
