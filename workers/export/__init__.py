"""From a trained model to the file that is served, and the proof that both are alike."""
