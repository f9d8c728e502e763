"""Legal tasks for the domain model hub."""
