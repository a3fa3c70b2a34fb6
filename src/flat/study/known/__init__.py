"""What a study may name, said once: resources and their roles.

What it names of code (models, attacks, explanation methods) are plugins: ``flat.plugins``. One module each, because a
job reruns when a module that it imports changes.
"""
