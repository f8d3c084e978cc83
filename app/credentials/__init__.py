"""Kubeconfigs that are given out: Azure is asked, the record is committed, then the answer leaves."""
