"""A finished study as a Workflow Run RO-Crate: what was run, from what, with what, and what came of it.

The profile is https://w3id.org/ro/wfrun/workflow/0.5 on RO-Crate 1.1. Everything is told from the records of jobs and
the study's passport; no result is read again for it.
"""
