"""Networks that turn images into features, trained here or pretrained; their weights are hashed and cached."""
