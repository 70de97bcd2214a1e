"""What is claimed: error rates, hotword recall and precision."""
