"""Labels from functions, from a model's doubts and from people, and labels that look wrong."""
