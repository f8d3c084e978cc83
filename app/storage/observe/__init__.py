"""What is kept of what is seen in Azure and in clusters."""
