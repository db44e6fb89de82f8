"""Why a pair has its score: contributions of feature groups, and reasons in words."""
