"""What is judged: requirements, probes that bring traffic, rules that read it, verdicts."""
