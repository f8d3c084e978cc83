"""Pure: what a change of a pool is, and the kinds of jobs."""
