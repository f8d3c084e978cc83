"""The local Azure: Azure Resource Manager, AKS, tokens and one Kubernetes API per cluster, on loopback.

It imports nothing of Slipway, and only the command line starts it.
"""
