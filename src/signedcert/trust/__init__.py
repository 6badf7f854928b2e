"""What a verifier believes: institutions' key manifests, from a pin on."""
