"""What Azure offers: locations, Kubernetes versions, sizes of machines; kept in the database with its age."""
