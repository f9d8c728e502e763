"""Medical tasks for the domain model hub."""
