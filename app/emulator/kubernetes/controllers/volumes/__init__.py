"""Volumes and claims: who gets whom, who may go, which node has which driver."""
