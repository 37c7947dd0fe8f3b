"""What a mechanism spends of privacy.

`spent.epsilon` of what ran (`mechanisms`), `noise.noise_for` a target, and what to say of it (`statement`).
"""
