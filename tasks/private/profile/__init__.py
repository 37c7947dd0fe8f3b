"""A data set told by noisy statistics: what is asked, how the budget is divided, what came out, its picture."""
