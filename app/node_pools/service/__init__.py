"""What callers ask about node pools and nodes: rows, and the jobs that bring Azure in line with them."""
