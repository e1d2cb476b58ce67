"""Work on registered versions: register, evaluate, promote, roll back."""
