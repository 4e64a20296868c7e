"""Export a trained model to the file that is served, and prove that both are alike."""
