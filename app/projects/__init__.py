"""Projects, and the API keys of those who act for them."""
