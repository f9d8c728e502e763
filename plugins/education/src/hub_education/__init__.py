"""Education tasks for the domain model hub."""
