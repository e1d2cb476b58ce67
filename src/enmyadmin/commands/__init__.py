"""The commands of `enstorage`, by what they are about."""
