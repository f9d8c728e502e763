"""Manufacturing tasks for the domain model hub."""
