"""Near-duplicates at any size: MinHash signatures, candidates from bands, exact comparison, clusters.

Stages hand files of the scratch folder to each other, and small numbers to the process that starts them. A stage is a
number of independent tasks, which the engine's workers run: see `stages`.
"""
