"""From any fine-tuned checkpoint to a verified edge bundle: export, compare, quantize, measure, seal."""
