"""Making a model small: vocabulary trimming, quantization, how its graph is run."""
