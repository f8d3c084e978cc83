"""Clusters: create, read, change, delete; what was asked, what Azure has, and the jobs between the two."""
