"""tlg.hotwords."""
