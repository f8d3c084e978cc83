"""What all routers share: who calls, transactions, problems, pages, ETags, repeats, limits, health, OpenAPI."""
