"""Making a model small before it is exported: vocabulary trimming."""
