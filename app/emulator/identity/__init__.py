"""Who may call the local Azure: its tokens, its login endpoints, its certificates."""
