"""Fine-tuning and distillation on a CPU: base models, batches, the training loop, students."""
