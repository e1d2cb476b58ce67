"""The commands of `enstorage`, by subject."""
