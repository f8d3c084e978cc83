"""Pure: kinds of jobs, what is wanted, what was observed, and the rules of a request."""
