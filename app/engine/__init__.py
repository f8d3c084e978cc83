"""Durable jobs: the only importer of DBOS.

`kinds` and `queue` are for those who ask for a job; `steps` and `run` for those who write one; `worker` for the process
that runs them.
"""
