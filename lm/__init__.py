"""tlg.lm."""
