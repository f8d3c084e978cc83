"""Pure: from rows to a graph, and from a graph's pieces to what is missing and what is strange."""
