"""The jobs of this slice. Each file's first function is its table of contents."""
