"""Run container tasks in their images, with Docker."""
