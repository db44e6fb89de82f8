"""What a match is: tables, features, model, evaluation. Knows no serving, training or monitoring framework."""
