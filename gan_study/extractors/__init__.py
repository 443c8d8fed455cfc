"""Networks that turn images into features: obtained or trained once, hashed, cached."""
