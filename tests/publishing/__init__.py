"""Publishing from anywhere in a Django project."""
