"""The stages of tabular tasks. Their names are those of the other stages; rows are read as the data stage left them."""
