"""Finance tasks for the domain model hub."""
