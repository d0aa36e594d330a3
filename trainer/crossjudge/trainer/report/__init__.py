"""What a training run did, as a page: read from the run's folder alone, whatever recipe wrote it. Imports no torch."""
