"""For tests of plugins, exporters and the host: a task and a base model with which a build takes seconds."""
