"""From a graph to a picture: where everything stands (`compose`), how it is written (`svg`, `mermaid`)."""
