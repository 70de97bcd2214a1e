"""tlg.decoder."""
