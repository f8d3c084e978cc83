"""The resource providers of the local Azure. They know the core, never each other."""
