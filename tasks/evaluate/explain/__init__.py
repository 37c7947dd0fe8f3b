"""What moves a model's answers: by SHAP, LIME and integrated gradients, each held against chance."""
