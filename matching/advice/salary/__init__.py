"""What similar candidates expect to earn: inputs, encoder, training, the model of a bundle, and percentiles."""
