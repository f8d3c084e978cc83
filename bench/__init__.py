"""What `make bench` measures. It prints ratios beside absolute figures, and asserts nothing."""
