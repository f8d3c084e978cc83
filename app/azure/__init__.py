"""The Azure adapter: the only importer of `azure.*`. Frozen dataclasses (`types/`) go in and come out."""
