"""The verdict: thresholds, the champion, and the checks of one evaluation."""
