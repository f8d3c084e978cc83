"""Who is calling and what they may see. Knows tables and rules, and no web framework."""
