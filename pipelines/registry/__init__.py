"""A registry of container images: who asks it, what it holds, and what is published to it."""
