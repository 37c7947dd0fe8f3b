"""What evaluation found of a model, as typed data in files of its report; the gate and the model card read them."""
