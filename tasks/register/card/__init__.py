"""The model card and the data sheet: what a person opens to decide on a model."""
