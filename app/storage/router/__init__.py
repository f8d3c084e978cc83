"""HTTP: shares, volumes, storage classes, claims."""
