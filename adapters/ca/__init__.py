"""What a CA says of itself: families of adapters share it."""
