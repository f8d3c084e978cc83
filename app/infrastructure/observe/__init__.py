"""What is kept of what Azure shows of machines, disks, identities, and of what AKS did not make."""
